/** Every way in which the bridge ends a connection (PROTOCOL.md, 8.1). */
import { expect } from "chai";
import { CLOSE_CODES, closeWith, type BridgeOptions, type CloseCode } from "../../bridge/index.js";
import { within } from "../support/deadline.js";
import type { RawWebSocket } from "../support/raw-websocket.js";
import { clientFrame, closePayload, Opcode } from "../support/wire.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

afterEach(stopServers);

async function open(options: BridgeOptions = {}): Promise<RawWebSocket> {
  const server = await BridgeServer.start(options);
  return server.open();
}

/** One way to each close, by its name in the table; the one that is never sent has none. */
const WAYS: Record<Exclude<keyof typeof CLOSE_CODES, "connectionLost">, () => Promise<RawWebSocket>> = {
  normal: async () => {
    const ws = await open();
    ws.write(clientFrame({ opcode: Opcode.CLOSE, payload: closePayload(1000) }));
    return ws;
  },
  websocketProtocolError: async () => {
    const ws = await open();
    ws.write(clientFrame({ opcode: Opcode.TEXT, masked: false }));
    return ws;
  },
  invalidUtf8: async () => {
    const ws = await open();
    ws.write(clientFrame({ opcode: Opcode.TEXT, payload: Buffer.from([0xff]) }));
    return ws;
  },
  tooManyFragments: async () => {
    const ws = await open();
    // ws takes 16,384 of one message (ws 8.23, maxFragments).
    const next = clientFrame({ opcode: Opcode.CONTINUATION, fin: false });
    ws.write(clientFrame({ opcode: Opcode.TEXT, fin: false }));
    ws.write(Buffer.concat(Array.from({ length: 16_384 }, () => next)));
    return ws;
  },
  messageTooBig: async () => {
    const ws = await open({ maxPayload: 100 });
    ws.send("x".repeat(101));
    return ws;
  },
  disconnected: async () => {
    const server = await BridgeServer.start();
    const { ws, socket } = await server.connect();
    socket.disconnect(true);
    expect(await ws.json()).to.include({ type: "disconnect" });
    return ws;
  },
  malformed: async () => {
    const ws = await open({ maxMalformedPerMinute: 2 });
    for (let times = 0; times < 3; times++) ws.send("not JSON");
    for (let times = 0; times < 3; times++) expect(await ws.json()).to.include({ code: "invalid_json" });
    return ws;
  },
  protocolViolation: async () => {
    const ws = await open();
    ws.send({ type: "event", event: "too early", id: 7 });
    expect(await ws.json()).to.include({ type: "error", code: "not_connected", id: 7 });
    return ws;
  },
  forcedClose: async () => {
    const server = await BridgeServer.start();
    const { ws, socket } = await server.connect();
    socket.conn.close();
    return ws;
  },
  serverShutdown: async () => {
    const server = await BridgeServer.start();
    const { ws } = await server.connect();
    server.bridge.close();
    return ws;
  },
  pingTimeout: async () => {
    const ws = await open({ pingInterval: 40, pingTimeout: 40 });
    ws.answersPings = false;
    expect((await ws.frame("a ping")).opcode).to.equal(Opcode.PING);
    return ws;
  },
  slowReader: async () => {
    const server = await BridgeServer.start({ maxBufferedBytes: 1 });
    const { ws, socket } = await server.connect();
    ws.socket.pause();
    const ended = new Promise((resolve) => socket.once("disconnect", resolve));
    // The first of these is more than the kernel takes from a server whose client does not read.
    for (let times = 0; times < 3; times++) {
      socket.emit("much", "x".repeat(16 * 1024 ** 2));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await within(ended, "the end of the slow reader");
    ws.socket.resume();
    await ws.frame();
    return ws;
  },
  tooManyMessages: async () => {
    const ws = await open({ maxMessagesPerSecond: 1 });
    for (let times = 0; times < 4; times++) ws.send({ type: "ping" });
    for (let times = 0; times < 2; times++) expect(await ws.json()).to.deep.equal({ type: "pong" });
    return ws;
  },
  connectTimeout: async () => {
    const server = await BridgeServer.start({}, { connectTimeout: 50 });
    return server.open();
  },
  tooManyPendingAcks: async () => {
    const server = await BridgeServer.start({ maxPendingAcks: 2 });
    const { ws, socket } = await server.connect();
    for (let times = 0; times < 3; times++) socket.emit("question", () => undefined);
    for (let times = 0; times < 2; times++) expect(await ws.json()).to.include({ event: "question" });
    return ws;
  },
  tokenExpired: () => closedByTheApplication(CLOSE_CODES.tokenExpired),
  tokenRevoked: () => closedByTheApplication(CLOSE_CODES.tokenRevoked),
};

/** What a rooms server does at the end of a token. */
async function closedByTheApplication(close: CloseCode): Promise<RawWebSocket> {
  const server = await BridgeServer.start();
  const { ws, socket } = await server.connect();
  expect(closeWith(socket, close)).to.equal(true);
  return ws;
}

describe("the close codes", () => {
  it("are each produced by a test, but for 1006, which is never sent", () => {
    expect([...Object.keys(WAYS), "connectionLost"]).to.have.members(Object.keys(CLOSE_CODES));
  });

  for (const [name, way] of Object.entries(WAYS)) {
    const { code, reason } = CLOSE_CODES[name as keyof typeof CLOSE_CODES];

    it(`${name}: ${code} ${reason}`, async () => {
      const ws = await way();
      const { frames, close } = await ws.end();
      expect(close).to.deep.equal({ code, reason });
      expect(frames).to.be.empty;
    });
  }
});

describe("the limits", () => {
  it("of messages counts WebSocket pings and pongs among them", async () => {
    const ws = await open({ maxMessagesPerSecond: 2 });
    for (const opcode of [Opcode.PING, Opcode.PONG, Opcode.PONG, Opcode.PING, Opcode.PONG]) {
      ws.write(clientFrame({ opcode }));
    }
    const close = await within(ws.closed, "the end");
    expect(close.code).to.equal(CLOSE_CODES.tooManyMessages.code);
  });

  it("of namespaces answers a connect beyond it with connect_error, and does not close", async () => {
    const server = await BridgeServer.start({ maxNamespaces: 1 });
    server.io.of("/second");
    const { ws } = await server.connect();
    ws.send({ type: "connect", ns: "/second" });
    const answer = await ws.json();
    expect(answer).to.deep.include({ type: "connect_error", ns: "/second" });
    expect(answer.data).to.deep.equal({ code: "too_many_namespaces", limit: 1 });
    ws.send({ type: "ping" });
    expect(await ws.json()).to.deep.equal({ type: "pong" });
    ws.send({ type: "disconnect" });
    ws.send({ type: "connect", ns: "/second" });
    expect(await ws.json()).to.include({ type: "connected", ns: "/second" });
  });

  it("of pending acks counts only those that are not answered", async () => {
    const server = await BridgeServer.start({ maxPendingAcks: 1 });
    const { ws, socket } = await server.connect();
    for (let times = 0; times < 5; times++) {
      const answered = new Promise((resolve) => socket.emit("question", resolve));
      const { id } = await ws.json();
      ws.send({ type: "ack", id, args: [times] });
      expect(await within(answered, "the ack")).to.equal(times);
    }
  });

  it("of messages is told in `connected`, as a token bucket", async () => {
    const server = await BridgeServer.start({ maxMessagesPerSecond: 7 });
    const ws = await server.open();
    ws.send({ type: "connect" });
    expect(await ws.json()).to.deep.include({ type: "connected", rate: { perSecond: 7, burst: 14 } });
  });

  it("of a message lets through exactly maxPayload bytes, and `connected` says how many that are", async () => {
    const server = await BridgeServer.start({ maxPayload: 200 });
    const ws = await server.open();
    ws.send({ type: "connect" });
    expect(await ws.json()).to.include({ type: "connected", maxPayload: 200 });
    const frame = '{"type":"ping","data":""}';
    const data = "x".repeat(200 - frame.length);
    ws.send({ type: "ping", data });
    expect(await ws.json()).to.deep.equal({ type: "pong", data });
    ws.send({ type: "ping", data: `${data}x` });
    expect((await ws.end()).close.code).to.equal(1009);
  });

  it("of a message, unless set, lets through as base64 all that maxHttpBufferSize lets through as bytes", async () => {
    const server = await BridgeServer.start({}, { maxHttpBufferSize: 30_000 });
    const { ws, socket } = await server.connect();
    const bytes = Buffer.alloc(30_000, 7);
    const came = new Promise<Buffer>((resolve) => socket.once("bytes", resolve));
    ws.send({ type: "event", event: "bytes", args: [{ $binary: bytes.toString("base64") }] });
    expect((await within(came, "the bytes")).equals(bytes)).to.be.true;
  });

  it("hold for a connection of their own: another client of the same address is not closed with it", async () => {
    const server = await BridgeServer.start({ maxMalformedPerMinute: 1, maxMessagesPerSecond: 5 });
    const { ws: honest } = await server.connect();
    const { ws: rude } = await server.connect();
    rude.send("{");
    rude.send("{");
    expect((await rude.end()).close.code).to.equal(4400);
    honest.send({ type: "ping" });
    expect(await honest.json()).to.deep.equal({ type: "pong" });
  });
});
