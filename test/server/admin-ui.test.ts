/** Socket.IO's admin page on a rooms server: what its server part (@socket.io/admin-ui) sends to whoever opens it. */
import { instrument } from "@socket.io/admin-ui";
import { expect } from "chai";
import { io, type Socket } from "socket.io-client";
import { identityOf, secretSource, type RoomsIo } from "../../server/index.js";
import { until, within } from "../support/deadline.js";
import { NOW, SECRET, token } from "./auth/support/tokens.js";
import { PROTOCOLS, type TestClient } from "./support/clients.js";
import { Inbox } from "./support/inbox.js";
import { startRooms, type Running } from "./support/server.js";

interface Seen {
  event: string;
  args: unknown[];
}

interface SeenSocket {
  nsp: string;
  data: Record<string, unknown>;
}

const CLAIMS = { team: "team-of-the-claim", jti: "id-of-the-token" };

describe("Socket.IO's admin page", () => {
  let server: Running;
  let page: Socket;
  const clients: TestClient[] = [];
  let seen: Inbox<Seen>;
  let all: Seen[];
  let secrets: string[];

  async function start(mode: "production" | "development"): Promise<void> {
    server = await startRooms({ tokens: { keys: [secretSource(SECRET, "")] }, now: () => NOW });
    instrument(server.io, { mode, auth: false, readonly: true });
    seen = new Inbox<Seen>();
    all = [];
    page = io(`${server.url}/admin`, { transports: ["websocket"], forceNew: true });
    page.onAny((event: string, ...args: unknown[]) => {
      all.push({ event, args });
      seen.put({ event, args });
    });
    await within(new Promise<void>((resolve) => page.on("connect", resolve)), "the admin page");
  }

  /** Users with a JWT, who refresh it, and guests, who come back with theirs, over both protocols. */
  async function visit(): Promise<void> {
    secrets = Object.values(CLAIMS);
    for (const { open } of Object.values(PROTOCOLS)) {
      const [user, guest, back] = [open(server.url), open(server.url), open(server.url)];
      clients.push(user, guest, back);
      const [first, second] = [
        await token(SECRET, CLAIMS),
        await token(SECRET, { ...CLAIMS, name: "Ada L." }),
      ];
      await user.enter(undefined, { token: first, device: "phone" });
      expect(await user.ask("refresh", { token: second })).to.include({ ok: true });
      await guest.enter("Guest");
      const given = guest.self?.token ?? "";
      guest.close();
      await back.enter("Guest", { token: given, device: "tablet" });
      secrets.push(first, second, given, back.self?.token ?? "");
    }
    for (const secret of secrets) expect(secret).to.have.length.above(10);
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    page.disconnect();
    await server.close();
  });

  it("gets no token and no claim in the mode production, and nothing of any one client", async () => {
    await start("production");
    await visit();
    await seen.nextOf(
      ({ event, args }) =>
        event === "server_stats" && (args[0] as { clientsCount: number }).clientsCount >= 5,
      "the count of clients",
    );
    expect([...new Set(all.map(({ event }) => event))]).to.have.members(["config", "server_stats"]);
    for (const secret of secrets) expect(JSON.stringify(all)).not.to.include(secret);
  });

  it("may do nothing where it is readonly", async () => {
    await start("production");
    const { args } = await seen.nextOf(({ event }) => event === "config", "what it may do");
    expect(args).to.deep.equal([{ supportedFeatures: ["AGGREGATED_EVENTS"] }]);
  });

  it("gets of socket.data what may be shown, and no more, in the mode development too", async () => {
    await start("development");
    await visit();
    const has = (event: string, text: string) => (one: Seen) =>
      one.event === event && JSON.stringify(one.args).includes(text);
    await until(
      () =>
        all.filter(has("socket_connected", '"nsp":"/"')).length === 6 &&
        all.some(has("socket_updated", "Ada L.")),
      "the admin page is told of all",
    );
    const shown = all
      .filter(({ event }) => event === "socket_connected")
      .map(({ args: [socket] }) => socket as SeenSocket)
      .filter(({ nsp }) => nsp === "/");
    for (const { data } of shown) {
      expect(data).to.include.all.keys("user", "name", "guest");
      expect(["user", "name", "guest", "device"]).to.include.members(Object.keys(data));
    }
    expect(shown.map(({ data }) => data)).to.deep.include({
      user: "ada",
      name: "ada",
      guest: false,
      device: "phone",
    });
    const updates = all.filter(({ event }) => event === "socket_updated");
    for (const secret of secrets) expect(JSON.stringify([shown, updates])).not.to.include(secret);
  });
});

describe("identityOf", () => {
  it("gives a program what socket.data does not have: the claims, as of the last refresh", async () => {
    const server = await startRooms({ tokens: { keys: [secretSource(SECRET, "")] }, now: () => NOW });
    const connected = new Promise<Parameters<typeof identityOf>[0]>((resolve) => {
      (server.io satisfies RoomsIo).on("connection", resolve);
    });
    const client = PROTOCOLS.bridge.open(server.url);
    try {
      await client.enter(undefined, { token: await token(SECRET, CLAIMS) });
      const socket = await within(connected, "the connection");
      expect(socket.data).to.deep.equal({ user: "ada", name: "ada", guest: false });
      expect(identityOf(socket)).to.deep.include({ user: "ada", tokenId: CLAIMS.jti });
      expect(identityOf(socket)?.claims).to.include(CLAIMS);
      await client.ask("refresh", { token: await token(SECRET, { role: "editor" }) });
      expect(identityOf(socket)?.claims).to.include({ role: "editor" }).and.not.to.have.property("team");
    } finally {
      client.close();
      await server.close();
    }
  });

  it("gives nothing for a socket of another namespace", async () => {
    const server = await startRooms();
    const other = server.io.of("/other");
    const connected = new Promise<Parameters<typeof identityOf>[0]>(
      (resolve) => void other.on("connection", resolve),
    );
    const client = io(`${server.url}/other`, { transports: ["websocket"], forceNew: true });
    try {
      expect(identityOf(await within(connected, "the connection"))).to.equal(undefined);
    } finally {
      client.disconnect();
      await server.close();
    }
  });
});
