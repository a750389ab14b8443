/** Sessions over HTTP: nothing is lost, doubled or out of order, whatever becomes of requests and answers (PROTOCOL.md, 12). */
import { expect } from "chai";
import { connect } from "node:net";
import { emitKnown, RoomAdapter } from "../../../bridge/index.js";
import { until, within } from "../../support/deadline.js";
import { EventParser } from "../../support/event-parser.js";
import { collectGarbage } from "../../support/garbage.js";
import { exchange, handshake } from "../../support/raw-websocket.js";
import { BridgeServer, stopServers } from "../support/bridge-server.js";
import { call, Caller, errorOf, framesOf } from "./support/caller.js";

afterEach(stopServers);

const event = (n: number): object => ({ type: "event", event: "n", args: [n] });

describe("opening over HTTP (PROTOCOL.md, 12.2)", () => {
  it("tells the session and the times, and gives each its own secret", async () => {
    const { port } = await BridgeServer.start({ http: { node: "n1", resumeTimeout: 7_000 } });
    const replies = [
      await call(Caller.at(port), "POST", {}),
      await call(`${Caller.at(port)}/?a=1`, "POST", {}),
    ];
    const sessions = replies.map(({ status, body }) => {
      expect(status).to.equal(201);
      const { session, ...rest } = JSON.parse(body) as { session: string };
      expect(session).to.match(/^n1\.[\w-]{24}$/);
      expect(rest).to.deep.equal({
        pingInterval: 25_000,
        pingTimeout: 20_000,
        maxPayload: 1_334_358,
        resumeTimeout: 7_000,
      });
      return session;
    });
    expect(new Set(sessions).size).to.equal(2);
  });

  it("the session is neither the socket's id nor the connection's", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start());
    expect(
      [socket.id, (socket.conn as unknown as { id: string }).id].some((id) => caller.session.includes(id)),
    ).to.be.false;
  });

  it("hands the application query and headers of the opening", async () => {
    const server = await BridgeServer.start();
    const handshakes = new Promise<{ query: object; headers: Record<string, string> }>((resolve) =>
      server.io.once("connection", ({ handshake: { query, headers } }) =>
        resolve({ query, headers: headers as Record<string, string> }),
      ),
    );
    const { body } = await call(`${Caller.at(server.port)}?room=a`, "POST", { "X-From": "here" });
    const { session } = JSON.parse(body) as { session: string };
    await new Caller(Caller.at(server.port), session).post(0, [{ type: "connect" }]);
    const { query, headers } = await handshakes;
    expect(query).to.deep.equal({ room: "a", EIO: "4", transport: "polling" });
    expect(headers["x-from"]).to.equal("here");
  });

  it("takes Expect: 100-continue, also where somebody else listens for it", async () => {
    const server = await BridgeServer.start();
    const { caller } = await Caller.connect(server);
    const ask = (): Promise<{ status: number; body: string }> =>
      exchange(
        server.port,
        `POST /bridge HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\n` +
          `Crossroom-Session: ${caller.session}\r\nCrossroom-Seq: 1\r\nContent-Length: 15\r\n\r\n{"type":"ping"}`,
      );
    for (const listens of [false, true]) {
      if (listens)
        server.http.on("checkContinue", (_request, response) => void response.writeHead(500).end());
      const { status, body } = await ask();
      expect(status).to.equal(100);
      expect(body).to.match(/^HTTP\/1.1 200 OK[^]*\{"received":2\}$/);
    }
  });

  it("is off with http: false, and the requests are the application's", async () => {
    const { port } = await BridgeServer.start({ http: false });
    expect((await call(Caller.at(port), "POST", {})).status).to.equal(404);
  });
});

describe("sending over HTTP (PROTOCOL.md, 12.6)", () => {
  it("handles each line once, when an answer was lost and the same comes again, with more behind it", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start());
    const numbers: number[] = [];
    socket.on("n", (n: number) => numbers.push(n));
    expect((await caller.post(1, [event(1), event(2)])).body).to.equal('{"received":3}');
    expect((await caller.post(1, [event(1), event(2), event(3)])).body).to.equal('{"received":4}');
    expect((await caller.post(1, [event(1)])).body, "a late copy").to.equal('{"received":4}');
    expect((await caller.post(4, [event(4)])).body).to.equal('{"received":5}');
    await until(() => numbers.length === 4, "all");
    expect(numbers).to.deep.equal([1, 2, 3, 4]);
  });

  it("takes nothing of a POST that is cut off, wherever that is", async () => {
    const server = await BridgeServer.start();
    const { caller, socket } = await Caller.connect(server);
    const numbers: number[] = [];
    socket.on("n", (n: number) => numbers.push(n));
    const body = `${JSON.stringify(event(1))}\n${JSON.stringify(event(2))}`;
    const request =
      `POST /bridge HTTP/1.1\r\nHost: x\r\nCrossroom-Session: ${caller.session}\r\n` +
      `Crossroom-Seq: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (let length = 1; length < request.length; length += 3) {
      const tcp = connect(server.port, "127.0.0.1");
      tcp.end(request.slice(0, length));
      tcp.resume().on("error", () => undefined);
      await within(new Promise((resolve) => tcp.once("close", resolve)), "the end of the cut one");
    }
    expect(numbers).to.deep.equal([]);
    expect((await caller.post(1, body)).body).to.equal('{"received":3}');
    await until(() => numbers.length === 2, "both");
  });

  it("skips empty lines, and does not count them", async () => {
    const { caller } = await Caller.connect(await BridgeServer.start());
    const reply = await caller.post(
      1,
      `\n\n${JSON.stringify({ type: "ping" })}\n\n${JSON.stringify(event(1))}\n\n`,
    );
    expect(reply.body).to.equal('{"received":3}');
    expect((await caller.post(undefined, "")).body).to.equal('{"received":3}');
  });

  it("answers what is no frame with an error frame, as a WebSocket's", async () => {
    const { caller } = await Caller.connect(await BridgeServer.start());
    await caller.post(1, "{\n[]\n");
    const codes = (await caller.frames(2, 1)).map(({ code }) => code);
    expect(codes).to.deep.equal(["invalid_json", "invalid_frame"]);
  });

  it("wants a number with lines, and a body that is not encoded", async () => {
    const { caller } = await Caller.connect(await BridgeServer.start());
    expect(errorOf(await caller.post(undefined, [event(1)])).message).to.include("Crossroom-Seq");
    const encoded = await caller.post(1, "x", { "Content-Encoding": "gzip" });
    expect(errorOf(encoded).message).to.include("Content-Encoding");
  });

  it("takes a body of maxPayload with a line feed, and not a byte more", async () => {
    const server = await BridgeServer.start({ maxPayload: 200 });
    const line = JSON.stringify(event(1)).replace("1", "1".padEnd(200 - JSON.stringify(event(1)).length + 1));
    expect(line).to.have.length(200);
    const { caller } = await Caller.connect(server);
    expect((await caller.post(1, `${line}\n`)).status).to.equal(200);
    expect((await caller.post(2, `${line} \n`)).status).to.equal(413);
    const events = await caller.poll(1);
    expect(events.at(-1)).to.deep.equal({ name: "close", data: '{"code":1009,"reason":""}' });
  });
});

describe("reading over HTTP (PROTOCOL.md, 12.4 and 12.5)", () => {
  it("a poll ends with the first frames, or after Crossroom-Wait, or pingInterval", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start({ pingInterval: 100 }));
    const waits = caller.poll(1);
    socket.emit("a");
    socket.emit("b");
    expect(framesOf(await waits).map((frame) => frame.event)).to.deep.equal(["a", "b"]);
    expect(await caller.poll(3, { "Crossroom-Wait": "0" })).to.deep.equal([
      { name: "open", data: '{"next":3}' },
    ]);
    expect(await caller.poll(3, { "Crossroom-Wait": "999999" })).to.have.length(1);
  });

  it("a stream begins with open and 1 KiB of comment, in one piece, and has a ping", async () => {
    const { caller } = await Caller.connect(await BridgeServer.start({ pingInterval: 60 }));
    const stream = await caller.stream(1);
    expect(stream.response.headers["content-type"]).to.equal("text/event-stream");
    const first = await within(
      new Promise<string>((resolve) => stream.response.once("data", resolve)),
      "data",
    );
    expect(first).to.match(/^event: open\ndata: \{"next":1\}\n\n: {1025}\n\n$/);
    expect((await stream.until("ping")).data).to.equal("{}");
  });

  it("JSON of the application's on several lines is one line", async () => {
    const server = await BridgeServer.start({}, { adapter: RoomAdapter });
    const { caller, socket } = await Caller.connect(server);
    await socket.join("room");
    const value = { text: "a\nb" };
    emitKnown(value, JSON.stringify(value, null, 2).replaceAll("\n", "\r\n"), () =>
      server.io.to("room").emit("known", value),
    );
    const [frame] = await caller.frames(1, 1);
    expect(frame?.args).to.deep.equal([value]);
  });

  it("a later GET takes an earlier one's place, which ends, and nothing is lost", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start());
    const first = await caller.stream(1);
    await first.until("open");
    const second = await caller.stream(1);
    await second.until("open");
    expect(await first.next("the end of the first")).to.be.undefined;
    socket.emit("to the second");
    expect((await second.json()).event).to.equal("to the second");
  });

  it("a client may change between stream and polls, within the session", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start());
    const stream = await caller.stream(1);
    socket.emit("n", 1);
    expect((await stream.json()).args).to.deep.equal([1]);
    socket.emit("n", 2);
    const [frame] = await caller.frames(1, 2);
    expect(frame?.args).to.deep.equal([2]);
    const again = await caller.stream(3);
    socket.emit("n", 3);
    expect((await again.json()).args).to.deep.equal([3]);
  });

  it("goes on after a cut at every byte of a stream, with every frame once and in order", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start());
    const numbers: unknown[] = [];
    let emitted = 0;
    /** Takes what a client understands that gets so many bytes of an answer. */
    const take = (bytes: Buffer): void => {
      let next = NaN;
      const text = new TextDecoder("utf-8").decode(bytes, { stream: true });
      for (const { name, data } of new EventParser().read(text)) {
        if (name === "open") next = (JSON.parse(data) as { next: number }).next;
        if (name === "frame" && next++ > numbers.length) {
          numbers.push((JSON.parse(data) as { args: unknown[] }).args[0]);
        }
      }
    };
    for (let isCut = true, length = 1_050; isCut; length++) {
      const stream = await caller.stream(1 + numbers.length);
      let text = "";
      stream.response.on("data", (chunk: string) => (text += chunk));
      await until(() => text.endsWith("\n\n"), "the beginning");
      for (const times of [1, 2]) socket.emit("n", emitted++, "é\u2028".repeat(times));
      await until(() => text.includes(`[${emitted - 1},`) && text.endsWith("\n\n"), "both");
      stream.cut();
      const bytes = Buffer.from(text);
      isCut = length < bytes.length;
      take(bytes.subarray(0, length));
    }
    expect(emitted).to.be.above(100);
    expect(numbers).to.deep.equal(Array.from({ length: emitted }, (_, number) => number));
  });

  it("serves HTTP/1.0, where a stream ends with the connection", async () => {
    const server = await BridgeServer.start();
    const { caller, socket } = await Caller.connect(server);
    const answer = exchange(
      server.port,
      `GET /bridge HTTP/1.0\r\nAccept: text/event-stream\r\nCrossroom-Session: ${caller.session}\r\nCrossroom-Ack: 1\r\n\r\n`,
    );
    await until(() => (socket.conn.transport as { carrier?: string }).carrier === "sse", "the stream");
    socket.emit("n", 1);
    socket.disconnect(true);
    const { body, headers } = await answer;
    expect(headers).not.to.have.property("transfer-encoding");
    const events = new EventParser().read(body);
    expect(events.map(({ name }) => name)).to.deep.equal(["open", "frame", "frame", "close"]);
  });

  it("serves a stream behind another request on the same connection", async () => {
    const server = await BridgeServer.start();
    const { caller, socket } = await Caller.connect(server);
    const about = `HTTP/1.1\r\nHost: x\r\nCrossroom-Session: ${caller.session}\r\nCrossroom-Ack: 1\r\n`;
    const answer = exchange(
      server.port,
      `GET /bridge ${about}Crossroom-Wait: 50\r\n\r\nGET /bridge ${about}Accept: text/event-stream\r\n\r\n`,
    );
    await until(() => (socket.conn.transport as { carrier?: string }).carrier === "sse", "the stream");
    socket.emit("n", 1);
    socket.disconnect(true);
    expect((await answer).body).to.match(/"event":"n","args":\[1\]\}\n\n[^]*event: close/);
  });
});

describe("the end of a session over HTTP", () => {
  it("is told on the next answer, with what was sent before, and then for a while", async () => {
    const server = await BridgeServer.start({ http: { resumeTimeout: 200 } });
    const { caller, socket } = await Caller.connect(server);
    socket.emit("last words");
    socket.disconnect(true);
    const names = async (): Promise<string[]> => (await caller.poll(1)).map(({ name }) => name);
    expect(await names()).to.deep.equal(["open", "frame", "frame", "close"]);
    expect(await names(), "where that answer was lost").to.deep.equal(["open", "frame", "frame", "close"]);
    const { close } = errorOf(await caller.post(1, [{ type: "ping" }]));
    expect(close).to.deep.equal({ code: 4000, reason: "disconnected" });
    let status = 200;
    await until(() => {
      void caller.get({ "Crossroom-Ack": "1" }).then((reply) => (status = reply.status));
      return status === 404;
    }, "it to be forgotten");
  });

  it("comes when nobody reads for resumeTimeout, and 404 is told after that", async () => {
    const server = await BridgeServer.start({ http: { resumeTimeout: 50 } });
    const { caller, socket } = await Caller.connect(server);
    const reason = await within(new Promise((resolve) => socket.once("disconnect", resolve)), "the end");
    expect(reason).to.equal("transport close");
    expect(errorOf(await caller.get()).code).to.equal("unknown_session");
  });

  it("comes with DELETE, to the application as any client's, after what was sent before", async () => {
    const { caller, socket } = await Caller.connect(await BridgeServer.start());
    const told: unknown[] = [];
    socket.on("n", (n: number) => told.push(n));
    const ended = new Promise((resolve) => socket.once("disconnect", resolve));
    await caller.post(1, [event(1)]);
    expect((await caller.delete()).status).to.equal(204);
    told.push(await within(ended, "the end"));
    expect(told).to.deep.equal([1, "transport close"]);
    expect((await caller.delete()).status).to.equal(204);
  });

  it("comes with 4502 where a stream's pings are not answered, and not where they are", async () => {
    const server = await BridgeServer.start({ pingInterval: 60, pingTimeout: 60 });
    const { caller } = await Caller.connect(server);
    const stream = await caller.stream(1);
    for (let times = 0; times < 4; times++) {
      await stream.until("ping");
      await caller.post(undefined, "");
    }
    expect((await stream.until("close")).data).to.equal('{"code":4502,"reason":"ping_timeout"}');
  });

  it("is told to all readers when the server closes, which does not wait long for them", async () => {
    const server = await BridgeServer.start();
    const { caller } = await Caller.connect(server);
    const other = await Caller.connect(server);
    const stream = await caller.stream(1);
    await stream.until("open");
    const poll = other.caller.poll(1);
    await until(() => other.socket.conn.transport.writable, "the poll");
    await within(server.io.close(), "the server to close", 3_000);
    expect((await stream.until("close")).data).to.equal('{"code":4501,"reason":"server_shutdown"}');
    expect((await poll).at(-1)?.data).to.equal('{"code":4501,"reason":"server_shutdown"}');
  });

  it("leaves nothing behind: not after thousands", async function () {
    this.timeout(60_000);
    const server = await BridgeServer.start({ http: { resumeTimeout: 2_000 } });
    const one = async (n: number): Promise<void> => {
      const caller = await Caller.open(server.port);
      if (n % 3 === 0) return;
      await caller.post(0, [{ type: "connect" }]);
      await caller.poll(0);
      if (n % 3 === 1) await caller.delete();
    };
    const many = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 10) await Promise.all(Array.from({ length: 10 }, (_, k) => one(n + k)));
      await until(() => server.bridge.clientsCount === 0, "all to be gone", 10_000);
    };
    await many(600);
    const before = await heapUsed();
    await many(900);
    expect((await heapUsed()) - before).to.be.below(1024 ** 2);
    // A WebSocket comes in as ever.
    expect((await exchange(server.port, handshake("/bridge", { Upgrade: "x" }))).status).to.equal(400);
  });
});

async function heapUsed(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed;
}
