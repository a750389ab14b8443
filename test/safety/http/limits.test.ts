/** Limits over HTTP are those of a WebSocket (PROTOCOL.md, 9), and what others cannot do to a session. */
import { expect } from "chai";
import type { ServerResponse } from "node:http";
import { until, within } from "../../support/deadline.js";
import { BridgeServer, stopServers } from "../support/bridge-server.js";
import { call, Caller, errorOf, framesOf, type Stream } from "./support/caller.js";

afterEach(stopServers);

const PADDING = "x".repeat(20_000);

async function closeOf(stream: Stream): Promise<string> {
  return (await stream.until("close")).data;
}

describe("limits over HTTP", () => {
  it("each line is a message: too many are 4504, and those before are handled", async () => {
    const server = await BridgeServer.start({ maxMessagesPerSecond: 10 });
    const { caller, socket } = await Caller.connect(server);
    let handled = 0;
    socket.on("n", () => handled++);
    const stream = await caller.stream(1);
    const lines = Array.from({ length: 40 }, () => ({ type: "event", event: "n" }));
    expect((await caller.post(1, lines)).body).to.equal('{"received":41}');
    expect(await closeOf(stream)).to.equal('{"code":4504,"reason":"too_many_messages"}');
    expect(handled).to.be.within(15, 20);
  });

  for (const what of ["GET", "POST"]) {
    it(`a ${what} without frames is one too`, async () => {
      const { caller } = await Caller.connect(await BridgeServer.start({ maxMessagesPerSecond: 10 }));
      const ask = (): Promise<{ status: number }> =>
        what === "GET"
          ? caller.get({ "Crossroom-Ack": "1", "Crossroom-Wait": "0" })
          : caller.post(undefined, "");
      let times = 0;
      while ((await ask()).status === 200 && times < 100) times++;
      expect(times).to.be.within(15, 25);
      expect(errorOf(await caller.post(undefined, "")).close).to.deep.include({ code: 4504 });
    });
  }

  it("a GET of a client that has got frames since its last one is none: who is sent much may read it", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start({ maxMessagesPerSecond: 10 }));
    for (let n = 1; n <= 60; n++) {
      socket.emit("n", n);
      const events = await caller.poll(n, { "Crossroom-Wait": "5000" });
      expect(JSON.parse(events.at(-1)?.data ?? "")).to.deep.include({ args: [n] });
    }
  });

  it("malformed frames are 4400", async () => {
    const { caller } = await Caller.connect(await BridgeServer.start({ maxMalformedPerMinute: 3 }));
    await caller.post(1, "{\n".repeat(5));
    expect((await caller.poll(1)).at(-1)?.data).to.equal('{"code":4400,"reason":"malformed_frames"}');
  });

  it("what is no UTF-8 is 1007", async () => {
    const { caller } = await Caller.connect(await BridgeServer.start());
    const body = new Blob([new Uint8Array([0x22, 0xff, 0x22])]);
    const headers = { "Crossroom-Session": caller.session, "Crossroom-Seq": "1" };
    const reply = await fetch(caller.url, { method: "POST", headers, body });
    expect(((await reply.json()) as { error: { close: object } }).error.close).to.deep.include({
      code: 1007,
    });
  });

  it("a reader that does not poll is a slow one: 4503", async () => {
    const server = await BridgeServer.start({ maxBufferedBytes: 100_000 });
    const { caller, socket } = await Caller.connect(server);
    const ended = new Promise((resolve) => socket.once("disconnect", resolve));
    for (let n = 0; socket.connected && n < 50; n++) {
      socket.emit("news", PADDING);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await within(ended, "the end")).to.equal("transport error");
    const events = await caller.poll(1);
    expect(events.map(({ name }) => name)).to.deep.equal(["open", "close"]);
    expect(events[1]?.data).to.equal('{"code":4503,"reason":"slow_reader"}');
  });

  it("a stream that is not read is a slow one, and its connection is cut", async () => {
    const server = await BridgeServer.start({ maxBufferedBytes: 1_000_000, closeTimeout: 50 });
    const { caller, socket } = await Caller.connect(server);
    const stream = await caller.stream(1);
    stream.response.pause();
    const ended = new Promise((resolve) => socket.once("disconnect", resolve));
    for (let n = 0; socket.connected && n < 2_000; n++) {
      socket.emit("news", n, PADDING);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await within(ended, "the end")).to.equal("transport error");
    await until(() => server.bridge.clientsCount === 0, "it to be gone");
    stream.response.resume();
    const numbers: unknown[] = [];
    for (;;) {
      const next = await stream.next();
      if (next === undefined) break;
      numbers.push(...framesOf([next]).map((frame) => frame.args?.[0]));
    }
    expect(numbers, "what it did get is whole and in order").to.deep.equal(numbers.map((_, n) => n));
  });

  it("keeps nothing more of a stream that reads than maxReplay, and goes on", async () => {
    const server = await BridgeServer.start({ http: { maxReplay: 50_000 } });
    const { caller, socket } = await Caller.connect(server);
    const stream = await caller.stream(1);
    for (let n = 0; n < 20; n++) {
      socket.emit("news", n, PADDING);
      expect((await stream.json()).args?.[0]).to.equal(n);
    }
    expect(errorOf(await caller.get({ "Crossroom-Ack": "1" })).code).to.equal("cannot_resume");
    const { status } = await caller.get({ "Crossroom-Ack": "21", "Crossroom-Wait": "0" });
    expect(status).to.equal(200);
  });

  it("who sends more bytes than maxBytesPerSecond waits, and loses nothing", async () => {
    const server = await BridgeServer.start({ maxBytesPerSecond: 100_000 });
    const { caller, socket } = await Caller.connect(server);
    let got = 0;
    socket.on("data", () => got++);
    for (let seq = 1; seq <= 15; seq++) {
      const reply = await caller.post(seq, [{ type: "event", event: "data", args: [PADDING] }]);
      expect(reply.status).to.equal(200);
    }
    await until(() => got === 15, "all");
  });
});

describe("a session over HTTP is its client's alone", () => {
  it("ids that were made up, or of other nodes, open nothing", async () => {
    const server = await BridgeServer.start({ http: { node: "a", peers: () => undefined } });
    const { caller } = await Caller.connect(server);
    const forged = [
      `a.${"A".repeat(24)}`,
      caller.session.slice(0, -1),
      `${caller.session}x`,
      caller.session.replace("a.", "b."),
      "__proto__",
      "constructor.prototype",
      "..",
      `../../etc.${"A".repeat(24)}`,
      "x".repeat(4_000),
    ];
    for (const session of forged) {
      const other = new Caller(caller.url, session);
      expect(errorOf(await other.get()).code, session).to.equal("unknown_session");
      expect(errorOf(await other.post(0, [])).code, session).to.equal("unknown_session");
    }
    expect(server.bridge.clientsCount).to.equal(1);
  });

  it("the origin is looked at in every request", async () => {
    const server = await BridgeServer.start({ allowedOrigins: ["https://app.example"] });
    const { caller } = await Caller.connect(server);
    const headers = { Origin: "https://evil.example" };
    for (const reply of [await caller.get(headers), await caller.post(1, [], headers)]) {
      expect([reply.status, errorOf(reply).code]).to.deep.equal([403, "origin_not_allowed"]);
      expect(reply.headers.get("access-control-allow-origin")).to.be.null;
    }
    expect((await call(caller.url, "OPTIONS", headers)).status).to.equal(403);
  });

  it("hooks are asked at the opening, with the client's address as a proxy tells it", async () => {
    const asked: string[] = [];
    const server = await BridgeServer.start({
      addressOf: (request) => String(request.headers["x-forwarded-for"]),
      authenticate: (request) => {
        asked.push(String(request.method));
        return request.headers.authorization === "Bearer good";
      },
    });
    expect((await call(Caller.at(server.port), "POST", { Authorization: "Bearer bad" })).status).to.equal(
      401,
    );
    const addresses = new Promise((resolve) =>
      server.io.once("connection", (socket) => resolve(socket.handshake.address)),
    );
    const caller = await Caller.open(server.port, {
      Authorization: "Bearer good",
      "X-Forwarded-For": "192.0.2.7",
    });
    await caller.post(0, [{ type: "connect" }]);
    expect(await addresses).to.equal("192.0.2.7");
    expect(asked).to.deep.equal(["POST", "POST"]);
  });
});

describe("pages of other origins (PROTOCOL.md, 12.20)", () => {
  const Origin = "https://app.example";

  it("any may come without credentials, where the application names none", async () => {
    const { port } = await BridgeServer.start();
    const reply = await call(Caller.at(port), "OPTIONS", {
      Origin,
      "Access-Control-Request-Method": "GET",
      "Access-Control-Request-Headers": "crossroom-session,x-own",
    });
    expect(reply.status).to.equal(204);
    expect(reply.headers.get("access-control-allow-origin")).to.equal("*");
    expect(reply.headers.get("access-control-allow-headers")).to.equal("crossroom-session,x-own");
    expect(reply.headers.get("access-control-allow-methods")).to.include("DELETE");
    expect(reply.headers.get("access-control-max-age")).to.equal("7200");
    expect(reply.headers.get("access-control-allow-credentials")).to.be.null;
  });

  it("those that it names may come with credentials", async () => {
    const { port } = await BridgeServer.start({ allowedOrigins: [/^https:\/\/app\./] });
    for (const method of ["OPTIONS", "POST", "GET"]) {
      const { headers } = await call(Caller.at(port), method, { Origin });
      expect(headers.get("access-control-allow-origin"), method).to.equal(Origin);
      expect(headers.get("access-control-allow-credentials")).to.equal("true");
      expect(headers.get("vary")).to.include("Origin");
    }
  });

  it("what a middleware of the engine's has set stays", async () => {
    const server = await BridgeServer.start();
    server.io.engine.use((_request: unknown, response: ServerResponse, next: () => void) => {
      response.setHeader("Access-Control-Allow-Origin", "https://other.example");
      next();
    });
    const { headers, status } = await call(Caller.at(server.port), "POST", { Origin });
    expect(status).to.equal(201);
    expect(headers.get("access-control-allow-origin")).to.equal("https://other.example");
  });
});
