/** What a client sent before it left, or was sent away, is handled (PROTOCOL.md, 2.8). */
import { expect } from "chai";
import { io as connectSocketIO } from "socket.io-client";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";
import { startRooms, type Running } from "../server/support/server.js";
import { until } from "../support/deadline.js";
import { RawWebSocket } from "../support/raw-websocket.js";
import { clientFrame, closePayload, Opcode } from "../support/wire.js";

const text = (frame: object): Buffer => clientFrame({ opcode: Opcode.TEXT, payload: JSON.stringify(frame) });
const TEN = Array.from({ length: 10 }, (_, n) => n);
const tenEvents = TEN.map((n) => text({ type: "event", event: "n", args: [n] }));
const DISCONNECT = text({ type: "disconnect" });
const CLOSE = clientFrame({ opcode: Opcode.CLOSE, payload: closePayload(1000) });

describe("what comes before the end, in one write with it", () => {
  afterEach(stopServers);

  /** What an application was told of: the events' numbers, and the end. */
  async function application(
    maxMessagesPerSecond = 500,
    middleware?: () => Promise<void>,
  ): Promise<{ server: BridgeServer; told: unknown[] }> {
    const server = await BridgeServer.start({ maxMessagesPerSecond });
    const told: unknown[] = [];
    server.io.on("connection", (socket) => {
      if (middleware) socket.use((_event, next) => void middleware().then(() => next()));
      socket.on("n", (n) => told.push(n));
      socket.on("disconnect", (reason) => told.push(reason));
    });
    return { server, told };
  }

  const ends: Record<string, { bytes: Buffer; reason: string; cut?: boolean }> = {
    "a disconnect frame": { bytes: DISCONNECT, reason: "client namespace disconnect" },
    "a close frame": { bytes: CLOSE, reason: "transport close" },
    both: { bytes: Buffer.concat([DISCONNECT, CLOSE]), reason: "client namespace disconnect" },
    "the end of the TCP connection": { bytes: Buffer.alloc(0), reason: "transport close", cut: true },
    "a violation": { bytes: text({ type: "connect" }), reason: "forced close" },
    "bytes that are no WebSocket frame": { bytes: Buffer.from([0xff, 0xff]), reason: "transport error" },
  };

  for (const [what, { bytes, reason, cut }] of Object.entries(ends)) {
    it(`is handled in a plain Socket.IO application: ${what}`, async () => {
      const { server, told } = await application();
      const { ws } = await server.connect();
      ws.write(Buffer.concat([...tenEvents, bytes]));
      if (cut) ws.socket.end();
      await until(() => told.length > 10, "the end");
      expect(told).to.deep.equal([...TEN, reason]);
    });

    it(`is handled though the namespace is not connected yet: ${what}`, async () => {
      if (reason === "transport error") return;
      const { server, told } = await application();
      server.io.use((_socket, next) => void setTimeout(next, 20));
      const ws = await server.open();
      const connect = text({ type: "connect" });
      ws.write(Buffer.concat([connect, ...tenEvents, bytes]));
      if (cut) ws.socket.end();
      await until(() => told.length > 10, "the end");
      expect(told).to.deep.equal([...TEN, reason]);
    });
  }

  it("is handled behind a middleware that waits for a promise", async () => {
    const { server, told } = await application(500, () => Promise.resolve());
    const { ws } = await server.connect();
    ws.write(Buffer.concat([...tenEvents, DISCONNECT, CLOSE]));
    await until(() => told.length > 10, "the end");
    expect(told).to.deep.equal([...TEN, "client namespace disconnect"]);
  });

  it("is handled up to the message that is one too many", async () => {
    const { server, told } = await application(3);
    const { ws } = await server.connect();
    ws.write(Buffer.concat(tenEvents));
    expect((await ws.end()).close.code).to.equal(4504);
    await until(() => told.includes("transport error"), "the end");
    // Six at once, of which one was the `connect`; time may have earned another.
    expect(told.slice(0, 5)).to.deep.equal(TEN.slice(0, 5));
    expect(told.at(-1)).to.equal("transport error");
  });

  it("leaves a namespace before it enters it again", async () => {
    const { server, told } = await application();
    const { ws } = await server.connect();
    const again = text({ type: "connect" });
    ws.write(Buffer.concat([...tenEvents, DISCONNECT, again, ...tenEvents]));
    await until(() => told.length === 21, "all events");
    expect(told).to.deep.equal([...TEN, "client namespace disconnect", ...TEN]);
    await ws.leave();
  });

  describe("in the rooms server", () => {
    let running: Running;
    beforeEach(async () => {
      running = await startRooms();
    });
    afterEach(() => running.close());

    /** The numbers that are kept in the room, once there are ten. */
    async function kept(): Promise<unknown[]> {
      const reader = await RawWebSocket.connected(Number(new URL(running.url).port));
      let data: unknown[] = [];
      for (let id = 0; data.length < 10 && id < 200; id++) {
        reader.send({ type: "event", event: "join", args: [{ room: "r", history: 20 }], id });
        for (;;) {
          const frame = await reader.json();
          if (frame.type !== "ack" || frame.id !== id) continue;
          const [answer] = frame.args as [{ history: { messages: { data: unknown }[] } }];
          data = answer.history.messages.map((message) => message.data);
          break;
        }
      }
      await reader.leave();
      return data;
    }

    const join = { type: "event", event: "join", args: [{ room: "r" }] };
    const publishes = TEN.map((n) => ({ type: "event", event: "publish", args: [{ room: "r", data: n }] }));

    for (const [what, end] of Object.entries({ "a disconnect frame": DISCONNECT, "a close frame": CLOSE })) {
      it(`is carried out: the bridge's, before ${what}`, async () => {
        const ws = await RawWebSocket.connected(Number(new URL(running.url).port));
        ws.write(Buffer.concat([...[join, ...publishes].map(text), end]));
        expect(await kept()).to.deep.equal(TEN);
        ws.socket.destroy();
      });
    }

    for (const transport of ["websocket", "polling"]) {
      it(`is carried out: socket.io-client's over ${transport}, before disconnect()`, async () => {
        const socket = connectSocketIO(running.url, { forceNew: true, transports: [transport] });
        await new Promise<void>((resolve) => socket.once("connect", resolve));
        socket.emit("join", { room: "r" });
        for (const data of TEN) socket.emit("publish", { room: "r", data });
        socket.disconnect();
        expect(await kept()).to.deep.equal(TEN);
      });
    }

    for (const event of ["error", "dance", "toString", "__proto__", "disconnected"]) {
      it(`answers an event named ${event} with unknown_event, over both protocols`, async () => {
        const plain = await RawWebSocket.connected(Number(new URL(running.url).port));
        plain.send({ type: "event", event, args: [], id: 7 });
        let frame = await plain.json();
        while (frame.type !== "ack") frame = await plain.json();
        expect(frame.args).to.have.nested.property("[0].error.code", "unknown_event");
        await plain.leave();
        const socket = connectSocketIO(running.url, { forceNew: true, transports: ["websocket"] });
        const answer: unknown = await socket.timeout(5_000).emitWithAck(event);
        expect(answer).to.have.nested.property("error.code", "unknown_event");
        socket.disconnect();
      });
    }
  });
});
