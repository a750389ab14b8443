import { expect } from "chai";
import type { Socket as ServerSocket } from "socket.io";
import type { CloseDetails, Socket } from "../../clients/typescript/src/index.js";
import { TestServer } from "./support/bridge.js";
import { EventLog } from "./support/events.js";

/** The next client that the server sees. */
function arrival(server: TestServer, ns = "/"): Promise<ServerSocket> {
  return new Promise((resolve) => server.io.of(ns).once("connection", resolve));
}

describe("client: with the real bridge", () => {
  let server: TestServer;

  afterEach(async () => {
    expect(await server.end(), "events that the test has not looked at").to.deep.equal([]);
  });

  it("connects, and has the id that the server knows it by", async () => {
    server = await TestServer.start();
    const arriving = arrival(server);
    const { socket, log } = server.connect("/", { auth: { token: "t" }, query: { q: "1" } });
    expect(await log.next()).to.deep.equal(["connect"]);
    const there = await arriving;
    expect(socket.id).to.equal(there.id);
    expect([there.handshake.auth, there.handshake.query["q"]]).to.deep.equal([{ token: "t" }, "1"]);
    expect(there.conn.transport.name).to.equal("bridge");
  });

  it("carries acks both ways, and binary", async () => {
    server = await TestServer.start();
    server.io.on("connection", (there) => {
      there.on("sum", (a: number, b: number, ack: (sum: number) => void) => ack(a + b));
      there.on("bytes", (bytes: Buffer, ack: (twice: Buffer) => void) => ack(Buffer.concat([bytes, bytes])));
    });
    const arriving = arrival(server);
    const { socket, log } = server.connect();
    await log.next();
    expect(await socket.emitWithAck("sum", 1, 2)).to.equal(3);
    expect(await socket.timeout(1000).emitWithAck("bytes", Uint8Array.of(1, 2))).to.deep.equal(
      Buffer.of(1, 2, 1, 2),
    );
    socket.on("question", (text: string, ack: (answer: string) => void) => ack(`${text}!`));
    expect(await (await arriving).timeout(1000).emitWithAck("question", "well")).to.equal("well!");
  });

  it("joins rooms, and several namespaces over one connection", async () => {
    server = await TestServer.start();
    server.io.of("/a").on("connection", (there) => void there.join("room"));
    server.io.of("/b");
    const a = server.connect("/a", { forceNew: false });
    const b = server.connect("/b", { forceNew: false });
    expect([await a.log.next(), await b.log.next()]).to.deep.equal([["connect"], ["connect"]]);
    expect([server.bridge.clientsCount, a.socket.io === b.socket.io]).to.deep.equal([1, true]);
    const news = new EventLog(a.socket, ["news"]);
    server.io.of("/a").to("room").emit("news", 1);
    expect(await news.next()).to.deep.equal(["news", 1]);
    a.socket.disconnect();
    await a.log.next();
    const echo = new EventLog(b.socket, ["echo"]);
    server.io.of("/b").emit("echo");
    expect([await echo.next(), b.socket.connected]).to.deep.equal([["echo"], true]);
  });

  it("reconnects after the server was restarted, asks for credentials anew, and sends what was emitted meanwhile", async () => {
    server = await TestServer.start();
    let asked = 0;
    const { socket, log } = server.connect("/", { auth: () => Promise.resolve({ n: ++asked }) });
    await log.next();
    await server.stop();
    const [event, reason, details] = await log.next();
    expect([event, reason, (details as CloseDetails).code]).to.deep.equal([
      "disconnect",
      "transport close",
      4501,
    ]);
    socket.emit("meanwhile", 1);
    const { port } = server;
    expect(await refused(log)).to.equal("websocket error");
    server = await TestServer.start({}, {}, port);
    const received = new Promise((resolve) => {
      server.io.on("connection", (there) => there.on("meanwhile", (n) => resolve([there.handshake.auth, n])));
    });
    expect(await received).to.deep.equal([{ n: 2 }, 1]);
    await connected(socket, log);
    socket.disconnect();
    expect((await log.next())[1]).to.equal("io client disconnect");
  });

  it("is told of a middleware's refusal, with its data, and may connect again with other credentials", async () => {
    server = await TestServer.start();
    server.io.use((there, next) => {
      const error = Object.assign(new Error("who are you"), { data: { hint: "token" } });
      next(there.handshake.auth["token"] === "right" ? undefined : error);
    });
    const { socket, log } = server.connect("/", { auth: { token: "wrong" } });
    const [event, error] = await log.next();
    expect([event, (error as Error).message]).to.deep.equal(["connect_error", "who are you"]);
    expect(error).to.have.deep.property("data", { hint: "token" });
    expect(socket.active).to.equal(false);
    socket.auth = { token: "right" };
    socket.connect();
    expect(await log.next()).to.deep.equal(["connect"]);
  });

  it("may leave a namespace, and want it again, while a slow middleware decides", async () => {
    server = await TestServer.start();
    const decide: (() => void)[] = [];
    const tokens: unknown[] = [];
    server.io.of("/slow").use((there, next) => {
      tokens.push(there.handshake.auth["token"]);
      decide.push(() => next());
      asked();
    });
    let asked = (): void => undefined;
    const question = (): Promise<void> => new Promise((resolve) => (asked = resolve));
    const other = server.connect("/", { forceNew: false });
    expect(await other.log.next()).to.deep.equal(["connect"]);
    const first = question();
    const { socket, log } = server.connect("/slow", { forceNew: false, auth: { token: 1 } });
    await first;
    socket.disconnect();
    socket.auth = { token: 2 };
    socket.connect();
    const second = question();
    decide[0]?.();
    await second;
    decide[1]?.();
    expect(await log.next()).to.deep.equal(["connect"]);
    expect([tokens, socket.io === other.socket.io, other.socket.connected]).to.deep.equal([
      [1, 2],
      true,
      true,
    ]);
    expect((await server.io.of("/slow").fetchSockets()).map(({ id }) => id)).to.deep.equal([socket.id]);
  });

  it("stays away when the server disconnects it", async () => {
    server = await TestServer.start();
    const arriving = arrival(server);
    const { socket, log } = server.connect();
    await log.next();
    (await arriving).disconnect(true);
    expect((await log.next()).slice(0, 2)).to.deep.equal(["disconnect", "io server disconnect"]);
    expect([socket.active, socket.io.phase]).to.deep.equal([false, "closed"]);
  });

  it("stays away after a code that says so: too many malformed frames", async () => {
    server = await TestServer.start({ maxMalformedPerMinute: 2 });
    const { socket, log } = server.connect();
    await log.next();
    const errors = new EventLog(socket.io, ["error"]);
    for (let i = 0; i < 3; i++) socket.io.send('{"type":"nonsense"}');
    const [event, reason, details] = await log.next();
    expect([event, reason, (details as CloseDetails).code]).to.deep.equal([
      "disconnect",
      "transport close",
      4400,
    ]);
    expect([socket.active, socket.io.phase]).to.deep.equal([false, "closed"]);
    expect(errors.rest().map(([, error]) => (error as { code: string }).code)).to.include("unknown_type");
  });

  it("does not come back after 401", async () => {
    server = await TestServer.start({ authenticate: () => ({ status: 401 }) });
    const { socket, log } = server.connect();
    const [event, error] = await log.next();
    expect([event, (error as { status: number }).status]).to.deep.equal(["connect_error", 401]);
    expect([socket.active, socket.io.phase]).to.deep.equal([false, "closed"]);
  });

  it("keeps a quiet connection, by the server's pings", async () => {
    // Six intervals are more than the 500 ms after which a client that hears nothing ends.
    server = await TestServer.start({ pingInterval: 100, pingTimeout: 400 });
    const { socket, log } = server.connect();
    await log.next();
    const pings = new EventLog(socket.io, ["ping"]);
    for (let i = 0; i < 6; i++) await pings.next();
    expect(socket.connected).to.equal(true);
  });

  it("has its session recovered where the application has that on", async () => {
    server = await TestServer.start({}, { connectionStateRecovery: {} });
    const arriving = arrival(server);
    const { socket, log } = server.connect();
    await log.next();
    const there = await arriving;
    void there.join("room");
    const news = new EventLog(socket, ["news"]);
    server.io.to("room").emit("news", 1);
    expect(await news.next()).to.deep.equal(["news", 1]);
    const { id } = socket;
    there.conn.close();
    expect((await log.next()).slice(0, 2)).to.deep.equal(["disconnect", "transport close"]);
    server.io.to("room").emit("news", 2);
    expect(await log.next()).to.deep.equal(["connect"]);
    expect(await news.next()).to.deep.equal(["news", 2]);
    expect([socket.recovered, socket.id]).to.deep.equal([true, id]);
  });
});

/** The message of the first connect_error; later ones are taken by `connected`. */
async function refused(log: EventLog): Promise<string> {
  const [event, error] = await log.next();
  expect(event).to.equal("connect_error");
  return (error as Error).message;
}

/** Waits until the socket is connected again, past the attempts that failed. */
async function connected(socket: Socket, log: EventLog): Promise<void> {
  for (;;) {
    const [event] = await log.next();
    if (event === "connect") break;
    expect(event).to.equal("connect_error");
  }
  expect(socket.connected).to.equal(true);
}
