/** The rooms in a namespace of an application's own Socket.IO. */
import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { Server, type ServerOptions } from "socket.io";
import { io as connect, type Socket } from "socket.io-client";
import { WebSocket } from "ws";
import { io as connectPlain } from "@crossroom/client";
import { createRooms, type RoomMessage } from "@crossroom/client/rooms";
import { attachBridge } from "@crossroom/bridge";
import { signOwnToken } from "../../../server/auth/issue.js";
import { newOwnKey } from "../../../server/auth/own-key.js";
import { attachRooms, type AttachedRooms, type AttachRoomsOptions } from "../../../server/index.js";
import { within } from "../../support/deadline.js";
import { ask, listen, upgrade } from "./support/requests.js";

interface ToServer {
  hello: (answer: (text: string) => void) => void;
}
interface ToClient {
  news: (text: string) => void;
}
type AppIo = Server<ToServer, ToClient, Record<string, never>, { nickname: string }>;

describe("rooms that are attached to an io that is there", () => {
  const ownKey = newOwnKey();
  let host: HttpServer;
  let io: AppIo;
  let rooms: AttachedRooms;
  let url: string;
  const opened: { disconnect(): unknown }[] = [];

  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.disconnect();
    await rooms.close();
    await io.close();
  });

  async function start(
    options: AttachRoomsOptions = {},
    ioOptions: Partial<ServerOptions> = {},
    before: () => void = () => undefined,
  ): Promise<void> {
    host = createServer((request, response) => void response.end(`of the app: ${request.url}`));
    io = new Server(host, ioOptions);
    io.use((socket, next) => {
      const { nickname } = socket.handshake.auth;
      if (typeof nickname !== "string") return next(new Error("give a nickname"));
      socket.data.nickname = nickname;
      next();
    });
    io.on("connection", (socket) => socket.on("hello", (answer) => answer(`hello, ${socket.data.nickname}`)));
    before();
    rooms = attachRooms(io, host, { tokens: { ownKey, guests: false }, ...options });
    url = await listen(host);
  }

  function token(user: string): string {
    const now = Date.now();
    return signOwnToken(ownKey, "operator", {
      ...{ user, id: user, name: user, claims: {} },
      ...{ issuedAt: now, expiresAt: now + 3_600_000 },
    });
  }

  function open(namespace: string, auth: Record<string, unknown>, plain = false): Socket {
    const options = { auth, reconnection: false, transports: ["websocket"], forceNew: true };
    const socket = plain
      ? (connectPlain(url + namespace, {
          auth,
          reconnection: false,
          WebSocket,
          forceNew: true,
        }) as unknown as Socket)
      : connect(url + namespace, options);
    opened.push(socket);
    return socket;
  }

  const event = (socket: Socket, name: string): Promise<unknown> =>
    within(new Promise((resolve) => socket.once(name as "connect_error", resolve)), name);

  for (const plain of [false, true]) {
    describe(plain ? "for the plain client" : "for socket.io-client", () => {
      it("have their own judge: neither sees the other's credentials", async () => {
        await start();
        const app = open("/", { nickname: "Ada" }, plain);
        await event(app, "connect");
        expect(await app.emitWithAck("hello")).to.equal("hello, Ada");
        expect(await event(open("/", { token: token("ada") }, plain), "connect_error")).to.include({
          message: "give a nickname",
        });
        const guest = (await event(open("/crossroom", { nickname: "Ada" }, plain), "connect_error")) as {
          data: { code: string };
        };
        expect(guest.data.code).to.equal("unauthorized");
        const welcome = await event(open("/crossroom", { token: token("ada") }, plain), "welcome");
        expect(welcome).to.include({ user: "ada", guest: false });
      });

      it("do not hear the application's broadcasts, nor it theirs", async () => {
        await start();
        const app = open("/", { nickname: "Ada" }, plain);
        const member = open("/crossroom", { token: token("ada") }, plain);
        const heard: string[] = [];
        app.onAny((name: string) => heard.push(`app: ${name}`));
        await Promise.all([event(app, "connect"), event(member, "welcome")]);
        member.onAny((name: string) => heard.push(`rooms: ${name}`));
        await member.emitWithAck("join", { room: "lobby" });
        io.emit("news", "one");
        io.to("room:lobby").emit("news", "two");
        expect(io.sockets.adapter.rooms.has("room:lobby")).to.equal(false);
        await member.emitWithAck("publish", { room: "lobby", data: 1 });
        await app.emitWithAck("hello");
        expect(heard.sort()).to.deep.equal(["app: news", "rooms: message"]);
      });

      it("serve the rooms layer", async () => {
        await start();
        const lobby = createRooms(open("/crossroom", { token: token("ada") }, plain)).room("lobby");
        const came = new Promise<RoomMessage>((resolve) => lobby.on("message", resolve));
        await lobby.join();
        await lobby.publish("Hello");
        expect((await within(came, "the message")).data).to.equal("Hello");
      });

      it("end with a revoked token in their namespace alone", async () => {
        await start();
        const member = open("/crossroom", { token: token("ada") }, plain);
        await event(member, "welcome");
        const app = (member.io as unknown as { socket(ns: string, options: object): Socket }).socket("/", {
          auth: { nickname: "Ada" },
        });
        app.connect();
        await event(app, "connect");
        const ended = [event(member, "session_end"), event(member, "disconnect")];
        await rooms.revoke({ type: "token", id: "ada" });
        const [why, how] = await Promise.all(ended);
        expect(why).to.have.nested.property("error.code", "token_revoked");
        expect(how).to.equal("io server disconnect");
        expect(await app.emitWithAck("hello")).to.equal("hello, Ada");
      });

      it("send their own clients away when they are closed, and nothing else ends", async () => {
        await start({}, {}, () => attachBridge(io, host));
        const app = open("/", { nickname: "Ada" }, plain);
        const member = open("/crossroom", { token: token("ada") }, plain);
        await Promise.all([event(app, "connect"), event(member, "welcome")]);
        const ended = event(member, "disconnect");
        await rooms.close();
        expect(await ended).to.equal("io server disconnect");
        expect(await app.emitWithAck("hello")).to.equal("hello, Ada");
        expect(await event(open("/crossroom", { token: token("ada") }, plain), "connect_error")).to.include({
          message: "Invalid namespace",
        });
        expect((await ask(url, "/healthz")).text).to.include("of the app: /healthz");
        rooms = attachRooms(io, host, { tokens: { ownKey } });
        await event(open("/crossroom", { token: token("ada") }, plain), "welcome");
      });
    });
  }

  it("use the bridge that the application has for this io, and attach one where it has none", async () => {
    await start({}, {}, () => attachBridge(io, host, { path: "/plain" }));
    expect([
      await upgrade(url, "/plain"),
      (await ask(url, "/bridge")).text.includes("of the app"),
    ]).to.deep.equal([101, true]);
    await rooms.close();
    await io.close();
    await start({ bridge: { path: "/mine" } });
    expect(await upgrade(url, "/mine")).to.equal(101);
  });

  it("let in no page of another origin, over the application's bridge neither", async () => {
    await start({ allowedOrigins: ["https://a.example"], tokens: {} }, {}, () => attachBridge(io, host));
    for (const [origin, type] of [
      ["https://a.example", "connected"],
      ["https://b.example", "connect_error"],
    ] as const) {
      const ws = new WebSocket(`${url.replace("http", "ws")}/bridge`, { origin });
      await once(ws, "open");
      ws.send(JSON.stringify({ type: "connect", ns: "/crossroom" }));
      const [data] = (await within(once(ws, "message"), "an answer")) as [Buffer];
      expect(JSON.parse(data.toString())).to.include({ type, ns: "/crossroom" });
      ws.terminate();
    }
  });

  it("leave the token of a request's header to the application", async () => {
    await start({ tokens: { ownKey } });
    let seen: string | undefined;
    io.use((socket, next) => {
      seen = socket.handshake.url;
      next();
    });
    const query = { token: "the-apps" };
    const extraHeaders = { authorization: "Bearer the-apps" };
    const app = connect(url, { auth: { nickname: "Ada" }, query, extraHeaders, transports: ["websocket"] });
    opened.push(app);
    const member = app.io.socket("/crossroom", { auth: {} });
    member.connect();
    expect(await event(member, "welcome")).to.include({ guest: true });
    expect(seen).to.include("token=the-apps");
  });

  it("recover no session past the token's judge, where the application's io recovers its own", async () => {
    await start({}, { connectionStateRecovery: {} });
    const member = open("/crossroom", { token: token("ada") });
    await event(member, "welcome");
    await member.emitWithAck("join", { room: "lobby" });
    await member.emitWithAck("publish", { room: "lobby", data: 1 });
    member.io.engine.close();
    await rooms.revoke({ type: "token", id: "ada" });
    member.connect();
    const error = (await event(member, "connect_error")) as { data: { code: string } };
    expect(error.data.code).to.equal("token_revoked");
  });

  it("keep their adapter when the application sets another one", async () => {
    await start();
    const { adapter } = io.of("/crossroom");
    io.adapter(io.adapter() as never);
    expect(io.of("/crossroom").adapter).to.equal(adapter);
  });

  it("are refused the main namespace, and one that is in use", async () => {
    await start();
    for (const namespace of ["/", "crossroom", ""]) {
      expect(() => attachRooms(io, createServer(), { namespace })).to.throw(TypeError, "must begin with /");
    }
    expect(() => attachRooms(io, createServer())).to.throw(TypeError, "/crossroom is in use");
  });
});
