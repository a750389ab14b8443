/** The rooms server over HTTP: the same rooms, limits and tokens (PROTOCOL.md, 12). */
import { expect } from "chai";
import { until } from "../support/deadline.js";
import { HttpRefused, HttpSession, type Reading } from "../support/http-session.js";
import type { Json } from "../support/raw-websocket.js";
import { startRooms, type Running } from "./support/server.js";

interface Member {
  readonly frames: Json[];
  /** Calls, and gives the ack. */
  call(event: string, args: object): Promise<Json>;
}

const sessions: HttpSession[] = [];

async function enter(server: Running, reading: Reading, query = ""): Promise<Member> {
  const session = await HttpSession.open(`${server.url}/bridge${query}`, { reading });
  const frames: Json[] = [];
  sessions.push(session);
  session.begin({
    onFrame: (text) => frames.push(JSON.parse(text) as Json),
    onClose: (code) => frames.push({ type: "closed", id: code }),
  });
  session.send('{"type":"connect"}');
  await until(() => frames.some(({ type }) => type === "connected"), "connected");
  let id = 0;
  const call = async (event: string, args: object): Promise<Json> => {
    const own = id++;
    session.send(JSON.stringify({ type: "event", event, args: [args], id: own }));
    const isAck = (frame: Json): boolean => frame.type === "ack" && frame.id === own;
    await until(() => frames.some(isAck), `the answer to ${event}`);
    return frames.find(isAck)?.args?.[0] as Json;
  };
  return { frames, call };
}

describe("the rooms server over HTTP", () => {
  let server: Running;
  afterEach(async () => {
    for (const session of sessions.splice(0)) session.cut();
    await server.close();
  });

  it("has members on streams and polls in one room, and tells how they are there", async () => {
    server = await startRooms();
    const members = [await enter(server, "sse"), await enter(server, "polling")];
    for (const member of members)
      expect(await member.call("join", { room: "r" })).to.include({ ok: true, room: "r" });
    const { members: there } = (await members[0]!.call("presence", { room: "r" })) as unknown as {
      members: { devices: { transport: string }[] }[];
    };
    expect(there.map(({ devices }) => devices[0]?.transport)).to.deep.equal(["bridge-http", "bridge-http"]);
    await members[1]!.call("publish", { room: "r", id: "m1", data: "é" });
    const isMessage = ({ event }: Json): boolean => event === "message";
    await until(() => members.every(({ frames }) => frames.some(isMessage)), "the message at both");
    expect(members[0]!.frames.find(isMessage)?.args?.[0]).to.deep.include({ room: "r", data: "é" });
  });

  it("judges the token of the opening, which is nowhere else then", async () => {
    server = await startRooms();
    const refused = await HttpSession.open(`${server.url}/bridge?token=x`, { reading: "sse" }).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(HttpRefused);
    expect((refused as HttpRefused).answer.status).to.equal(401);
    const first = await enter(server, "polling");
    const isWelcome = ({ event }: Json): boolean => event === "welcome";
    await until(() => first.frames.some(isWelcome), "the welcome");
    const welcome = first.frames.find(isWelcome);
    const { token, user } = welcome?.args?.[0] as { token: string; user: string };
    const urls: string[] = [];
    server.io.on("connection", ({ handshake, data }) => urls.push(handshake.url, data.user));
    await enter(server, "polling", `?token=${token}`);
    expect(urls).to.deep.equal(["/bridge", user]);
  });

  it("closes a session whose token is revoked, with the code", async () => {
    server = await startRooms();
    const { frames } = await enter(server, "polling");
    await until(() => frames.some(({ event }) => event === "welcome"), "the welcome");
    const { user } = frames.find(({ event }) => event === "welcome")?.args?.[0] as { user: string };
    await server.revoke({ type: "user", user, issuedBefore: Date.now() + 1_000 });
    await until(() => frames.some(({ type }) => type === "closed"), "the close");
    expect(frames.at(-1)).to.deep.equal({ type: "closed", id: 4403 });
  });

  it("is not there where the operator has turned it off", async () => {
    server = await startRooms({ bridge: { http: false } });
    const refused = await HttpSession.open(`${server.url}/bridge`, { reading: "sse" }).catch(
      (error: unknown) => error,
    );
    expect((refused as HttpRefused).answer.status).to.equal(405);
  });
});
