/** That what is emitted arrives: at the server's pace, before a disconnect, and by flush and close. */
import { expect } from "chai";
import { within } from "../support/deadline.js";
import { TestServer } from "./support/bridge.js";
import type { FakeWebSocket } from "./support/fake-websocket.js";
import { connectedRig, rig } from "./support/rig.js";

const RATE = { perSecond: 10, burst: 10 };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("client: a backlog", () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
    server.io.on("connection", (socket) => {
      socket.on("count", (n: number, ack?: (n: number) => void) => {
        got.push(n);
        ack?.(n);
      });
    });
  });
  let got: number[] = [];
  beforeEach(() => (got = []));
  afterEach(async () => expect((await server.end()).flat()).not.to.include("disconnect"));

  it("of 1,100 events that were emitted before the connect arrives whole and in order", async () => {
    const { socket } = server.connect();
    for (const n of numbers(1_100)) socket.emit("count", n);
    await within(socket.emitWithAck("count", 1_100), "the last ack", 15_000);
    expect(got).to.deep.equal(numbers(1_101));
  });

  it("of 2,000 calls that were made at once is answered whole", async () => {
    const { socket } = server.connect();
    const answers = Promise.all(numbers(2_000).map((n) => socket.emitWithAck("count", n)));
    expect(await within(answers, "the answers", 15_000)).to.deep.equal(numbers(2_000));
  });
});

describe("client: pacing", () => {
  it("keeps to the rate that the server says, in order, and goes on by itself", () => {
    const { ws, it, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(20)) it.emit("e", n);
    // The `connect` frame was one message.
    expect(
      ws()
        .sent.splice(0)
        .map(({ args }) => args),
    ).to.deep.equal(numbers(8).map((n) => [n]));
    clock.advance(1000);
    expect(ws().sent.splice(0)).to.have.length(9);
    clock.advance(1000);
    expect(
      ws()
        .sent.splice(0)
        .map(({ args }) => args),
    ).to.deep.equal([[17], [18], [19]]);
  });

  it("lets acks go before events, and drops volatile events that would have to wait", () => {
    const { ws, it, clock } = connectedRig({}, { rate: RATE });
    it.on("ask", (...args) => (args[0] as () => void)());
    for (const n of numbers(9)) it.emit("e", n);
    it.volatile.emit("v");
    ws().sent.length = 0;
    ws().receive({ type: "event", event: "ask", args: [], id: 1 });
    clock.advance(200);
    expect(ws().sent.map(({ type }) => type)).to.deep.equal(["ack"]);
  });

  it("sends what had not left on the next connection, once", () => {
    const { ws, it, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(12)) it.emit("e", n);
    ws().fire("close", { code: 1006 });
    clock.advance(1000);
    ws().open().accept();
    expect(ws().sent.map(({ args }) => args)).to.deep.equal([[8], [9], [10], [11]]);
  });

  it("does not send what has timed out meanwhile", async () => {
    const { ws, it, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(8)) it.emit("e", n);
    const late = it
      .timeout(50)
      .emitWithAck("late")
      .catch((error: unknown) => (error as Error).message);
    clock.advance(5000);
    expect(await late).to.equal("operation has timed out");
    expect(ws().sent.map(({ event }) => event)).not.to.include("late");
  });
});

describe("client: disconnect", () => {
  it("leaves after what was emitted before it, at the server's pace", () => {
    const { ws, it, log, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(12)) it.emit("e", n);
    it.disconnect();
    expect([log.names(), it.connected, it.active]).to.deep.equal([["disconnect"], false, false]);
    expect([ws().sent.length, ws().closedWith]).to.deep.equal([8, undefined]);
    clock.advance(1000);
    expect(
      ws()
        .sent.slice(8)
        .map(({ type }) => type),
    ).to.deep.equal(["event", "event", "event", "event", "disconnect"]);
    expect(ws().closedWith).to.equal(1000);
  });

  const types = ({ sent }: FakeWebSocket): unknown[] => sent.map(({ type }) => type);

  it("leaves after what was emitted before it, though the connection is still being made", async () => {
    for (const isOpenBefore of [false, true]) {
      const { socket, ws, told } = rig();
      const { socket: it, log } = socket();
      if (isOpenBefore) ws().open();
      it.emit("a");
      const asked = it.emitWithAck("b").catch((error: unknown) => (error as Error).message);
      it.disconnect();
      expect([it.active, it.sendBuffer, await asked]).to.deep.equal([
        false,
        [],
        "socket has been disconnected",
      ]);
      if (!isOpenBefore) ws().open();
      ws().accept();
      expect(types(ws())).to.deep.equal(["event", "event", "disconnect"]);
      expect(ws().closedWith).to.equal(1000);
      expect([log.names(), told.rest().filter(([name]) => name === "error")]).to.deep.equal([[], []]);
    }
  });

  it("says what did not leave where the connection cannot be made, or is refused, and makes no other", () => {
    for (const isRefused of [false, true]) {
      const { socket, ws, told, clock, made } = rig();
      const { socket: it } = socket();
      it.emit("a");
      it.disconnect();
      if (isRefused) ws().open().receive({ type: "connect_error", message: "no" });
      else ws().fire("close", { code: 1006 });
      const errors = told.rest().filter(([name, error]) => name === "error" && error !== undefined);
      expect(errors.map(([, error]) => (error as { code?: string }).code)).to.include("closed");
      clock.advance(60_000);
      expect([made.length, it.active]).to.deep.equal([1, false]);
    }
  });

  it("before the connect is followed by a new connect, and what was emitted then", () => {
    const { socket, ws } = rig();
    const { socket: it, log } = socket();
    ws().open();
    it.emit("before");
    it.disconnect().connect();
    it.emit("after");
    ws().accept();
    expect(types(ws())).to.deep.equal(["event", "disconnect", "connect"]);
    ws().sent.splice(0, 2);
    ws().accept();
    expect(ws().sent.at(-1)).to.include({ event: "after" });
    expect(log.names()).to.deep.equal(["connect"]);
  });

  it("is followed by a new connect that was asked for meanwhile, and what was emitted then", () => {
    const { ws, it, log, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(9)) it.emit("e", n);
    it.disconnect().connect();
    it.emit("after");
    ws().sent.length = 0;
    clock.advance(1000);
    expect(ws().sent.map(({ type }) => type)).to.deep.equal(["event", "disconnect", "connect"]);
    ws().sent.splice(0, 2);
    ws().accept();
    expect(ws().take()).to.include({ event: "after" });
    expect(log.names()).to.deep.equal(["disconnect", "connect"]);
  });

  it("says what did not leave, where the connection is lost meanwhile", () => {
    const { ws, it, told, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(10)) it.emit("e", n);
    it.disconnect();
    ws().fire("close", { code: 1006 });
    const errors = told.rest().filter(([name]) => name === "error");
    expect(errors).to.have.length(1);
    expect(errors[0]?.[1]).to.include({ code: "closed" });
    expect(String(errors[0]?.[1])).to.include("last 2 events");
    clock.advance(60_000);
    expect(it.connected).to.equal(false);
  });
});

describe("client: flush and close", () => {
  it("wait for what leaves at the server's pace, and for acks", async () => {
    const { ws, it, clock } = connectedRig({}, { rate: RATE });
    for (const n of numbers(10)) it.emit("e", n);
    const asked = it.emitWithAck("ask");
    let result: unknown;
    const flushing = it.flush(10_000).then((value) => (result = value));
    clock.advance(1000);
    await Promise.resolve();
    expect(result).to.equal(undefined);
    ws().receive({ type: "ack", id: 0, args: [1] });
    clock.advance(20);
    await Promise.all([flushing, asked]);
    expect([result, ws().sent.length]).to.deep.equal([{ unsent: 0 }, 11]);
  });

  it("say what is unsent after the time-out; then close lets it fail", async () => {
    const { it, clock, ws } = connectedRig();
    ws().fire("close", { code: 1006 });
    it.emit("a");
    const asked = it.emitWithAck("b").catch((error: unknown) => (error as { code?: string }).code);
    const closing = it.close(500);
    clock.advance(500);
    expect([await closing, await asked, it.active]).to.deep.equal([{ unsent: 2 }, "closed", false]);
    expect(it.sendBuffer).to.deep.equal([]);
    expect(clock.pending).to.deep.equal([]);
  });

  it("do not wait where there will be no connection", async () => {
    const { socket } = rig({ autoConnect: false });
    const { socket: it } = socket();
    it.emit("a");
    expect(await it.flush()).to.deep.equal({ unsent: 1 });
  });

  it("without a time-out, close is as disconnect", () => {
    const { it } = connectedRig();
    expect(it.close()).to.equal(it);
    expect(it.connected).to.equal(false);
  });
});

describe("client: event names that are numbers", () => {
  it("are as in socket.io-client", () => {
    const { ws, it } = connectedRig();
    const name = 1 as unknown as string;
    const got: unknown[] = [];
    it.on(name, (value) => got.push(value));
    it.emit(name, "x");
    expect(ws().take()).to.deep.include({ event: "1", args: ["x"] });
    ws().receive({ type: "event", event: "1", args: ["y"] });
    it.off(name);
    ws().receive({ type: "event", event: "1", args: ["z"] });
    expect(got).to.deep.equal(["y"]);
  });
});
