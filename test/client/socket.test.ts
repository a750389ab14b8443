import { expect } from "chai";
import { ProtocolError } from "../../clients/typescript/src/errors.js";
import { connectedRig, rig } from "./support/rig.js";

const never = (): never => {
  throw new Error("called");
};

describe("client: a socket connects", () => {
  it("with the path, query and subprotocol of the bridge, and a connect frame with auth", () => {
    const { ws, socket } = rig({ query: { a: 1 }, auth: { token: "t" } });
    const { socket: it, log } = socket("/admin");
    expect(ws()).to.include({ url: "ws://server.test/bridge?a=1", protocols: "crossroom.v1" });
    expect(it.active).to.equal(true);
    expect(ws().open().accept({ sid: "abc" })).to.deep.equal({
      type: "connect",
      ns: "/admin",
      auth: { token: "t" },
    });
    expect(log.rest()).to.deep.equal([["connect"]]);
    expect([it.connected, it.disconnected, it.id, it.recovered]).to.deep.equal([true, false, "abc", false]);
  });

  it("sends one connect, however often it is asked to (a second one is fatal, 3.6)", () => {
    const { ws, socket } = rig();
    const { socket: it } = socket();
    ws().open();
    it.connect().connect();
    expect(ws().sent).to.deep.equal([{ type: "connect" }]);
  });

  it("by hand, with autoConnect off", () => {
    const { made, ws, socket } = rig({ autoConnect: false });
    const { socket: it } = socket();
    expect([made.length, it.active]).to.deep.equal([0, false]);
    it.open();
    ws().open().accept();
    expect(it.connected).to.equal(true);
  });

  it("with headers and protocols, where they are given", () => {
    const { ws } = rig({ extraHeaders: { cookie: "c" }, protocols: [] });
    expect(ws()).to.deep.include({ options: { headers: { cookie: "c" } }, protocols: [] });
  });

  it("is refused: connect_error has the server's message and data, and nothing is retried", () => {
    const { clock, ws, socket } = rig();
    const { socket: it, log } = socket();
    ws().open().take();
    ws().receive({ type: "connect_error", message: "not you", data: { code: 7 } });
    const [[event, error]] = log.rest() as [[string, Error & { data: unknown }]];
    expect([event, error.message, error.data]).to.deep.equal(["connect_error", "not you", { code: 7 }]);
    expect([it.active, ws().closedWith, clock.pending]).to.deep.equal([false, 1000, []]);
  });

  it("shares the connection with other namespaces, and closes it with the last", () => {
    const { made, ws, socket } = rig();
    const a = socket("/a");
    const b = socket("/b");
    ws().open().accept();
    ws().accept();
    expect([made.length, a.socket.connected, b.socket.connected]).to.deep.equal([1, true, true]);
    a.socket.disconnect();
    expect(ws().take()).to.deep.equal({ type: "disconnect", ns: "/a" });
    expect([ws().closedWith, b.socket.connected]).to.deep.equal([undefined, true]);
    b.socket.close();
    expect(ws().closedWith).to.equal(1000);
    expect([...a.log.names(), ...b.log.names()]).to.deep.equal([
      "connect",
      "disconnect",
      "connect",
      "disconnect",
    ]);
  });

  it("left while connecting, leaves once the answer is there", () => {
    const { ws, socket } = rig();
    const other = socket("/other");
    const { socket: it, log } = socket();
    ws().open().accept();
    it.disconnect();
    ws().accept();
    expect(ws().take()).to.deep.equal({ type: "disconnect" });
    expect([it.connected, log.rest(), other.socket.connected]).to.deep.equal([false, [], true]);
  });

  it("left and wanted again while connecting, asks again with the credentials of now", () => {
    const { ws, socket } = rig();
    socket("/other");
    const { socket: it, log } = socket("/", { auth: { token: "old" } });
    ws().open().accept();
    it.disconnect();
    it.auth = { token: "new" };
    it.connect();
    ws().accept();
    expect(ws().take()).to.deep.equal({ type: "disconnect" });
    expect(ws().accept()).to.deep.equal({ type: "connect", auth: { token: "new" } });
    expect(log.rest()).to.deep.equal([["connect"]]);
  });
});

describe("client: a socket sends", () => {
  it("events, and calls back with the ack", () => {
    const { ws, it } = connectedRig();
    const answers: unknown[][] = [];
    it.emit("plain", 1, "x");
    it.emit("asked", (...args: unknown[]) => answers.push(args));
    it.send("hi");
    expect(ws().sent.splice(0)).to.deep.equal([
      { type: "event", event: "plain", args: [1, "x"] },
      { type: "event", event: "asked", args: [], id: 0 },
      { type: "event", event: "message", args: ["hi"] },
    ]);
    ws().receive({ type: "ack", id: 0, args: ["a", 2] });
    ws().receive({ type: "ack", id: 0, args: ["again"] });
    ws().receive({ type: "ack", id: 9, args: [] });
    expect(answers).to.deep.equal([["a", 2]]);
  });

  it("nothing with a reserved name", () => {
    const { it } = connectedRig();
    expect(() => it.emit("disconnect")).to.throw('"disconnect" is a reserved event name');
  });

  it("what was emitted offline, in order, as it was then, before connect is told", () => {
    const { ws, socket } = rig();
    const { socket: it } = socket();
    const data = { n: 1 };
    it.emit("a", data).emit("b");
    data.n = 2;
    expect(it.sendBuffer.map(({ event }) => event)).to.deep.equal(["a", "b"]);
    it.on("connect", () => it.emit("c"));
    ws().open().accept();
    expect(ws().sent.map((frame) => [frame["event"], frame["args"]])).to.deep.equal([
      ["a", [{ n: 1 }]],
      ["b", []],
      ["c", []],
    ]);
    expect(it.sendBuffer).to.deep.equal([]);
  });

  it("volatile events now or never", () => {
    const { ws, socket } = rig();
    const { socket: it } = socket();
    it.volatile.emit("lost");
    ws().open().accept();
    it.volatile.emit("sent");
    ws().bufferedAmount = 1;
    it.volatile.emit("lost too");
    it.emit("not volatile");
    expect(ws().sent.map((frame) => frame["event"])).to.deep.equal(["sent", "not volatile"]);
  });

  it("nothing that cannot be encoded, and says so to the caller", async () => {
    const { ws, it } = connectedRig();
    expect(() => it.emit("e", 1n)).to.throw(TypeError);
    const failure = await it.emitWithAck("e", new Blob([])).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(TypeError);
    expect(ws().sent).to.deep.equal([]);
  });

  it("nothing larger than the server takes: that would end the connection for good (1009)", async () => {
    const { ws, socket, told } = rig();
    const { socket: it } = socket();
    it.emit("too large", "x".repeat(1000));
    const waiting = it.emitWithAck("too large", "ü".repeat(500)).catch((error: unknown) => error);
    ws().open().accept();
    expect(ws().sent).to.deep.equal([]);
    expect(told.names()).to.deep.equal(["open", "error", "error"]);
    expect(await waiting).to.include({ code: "payload_too_large" });
    expect(() => it.emit("too large", "x".repeat(1000))).to.throw(ProtocolError);
    it.emit("fits", "x".repeat(900));
    expect(ws().sent).to.have.length(1);
  });

  it("with catch-all listeners told of what leaves", () => {
    const { ws, socket } = rig();
    const { socket: it } = socket();
    const seen: unknown[] = [];
    it.onAnyOutgoing((...args) => seen.push(args));
    it.emit("early", 1);
    expect(seen).to.deep.equal([]);
    ws().open().accept();
    it.emit("late", () => undefined);
    it.offAnyOutgoing();
    it.emit("unseen");
    expect(seen).to.deep.equal([["early", 1], ["late"]]);
  });
});

describe("client: a socket receives", () => {
  it("events, of its own namespace, with catch-all listeners first", () => {
    const { ws, it } = connectedRig();
    const seen: unknown[] = [];
    it.on("e", (...args) => seen.push(["on", ...args]));
    it.once("e", (...args) => seen.push(["once", ...args]));
    it.onAny((event, ...args) => seen.push(["any", event, ...args]));
    it.prependAny(() => seen.push("first"));
    ws().receive({ type: "event", event: "e", args: [1] });
    ws().receive({ type: "event", ns: "/other", event: "e", args: [2] });
    expect(seen.splice(0)).to.deep.equal(["first", ["any", "e", 1], ["on", 1], ["once", 1]]);
    it.offAny().off("e");
    ws().receive({ type: "event", event: "e", args: [3] });
    expect(seen).to.deep.equal([]);
  });

  it("a function to answer with, which answers once, and in its own session only", () => {
    const { clock, ws, it } = connectedRig();
    const acks: ((...args: unknown[]) => void)[] = [];
    it.on("e", (...args) => acks.push(args.at(-1) as () => void));
    ws().receive({ type: "event", event: "e", args: ["x"], id: 4 });
    ws().receive({ type: "event", event: "e", args: [], id: 5 });
    acks[0]?.("yes", Uint8Array.of(1));
    acks[0]?.("again");
    expect(ws().sent.splice(0)).to.deep.equal([{ type: "ack", id: 4, args: ["yes", { $binary: "AQ==" }] }]);
    ws().fire("close", { code: 1006 });
    acks[1]?.("nobody there");
    clock.advance(1000);
    ws().open().accept();
    acks[1]?.("too late");
    expect(ws().sent).to.deep.equal([]);
  });

  it("on, though a listener throws; the exception is an uncaught one", async () => {
    const { ws, it } = connectedRig();
    const seen: unknown[] = [];
    it.on("e", never);
    it.on("e", (...args) => seen.push(...args));
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    try {
      ws().receive({ type: "event", event: "e", args: [1] });
      expect(await uncaught).to.have.property("message", "called");
    } finally {
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
    expect([seen, it.connected]).to.deep.equal([[1], true]);
  });
});

describe("client: connection state recovery (3.8)", () => {
  it("sends the last pid and offset of the namespace, and says whether the session is the former one", () => {
    const { clock, ws, it } = connectedRig({}, { pid: "p1" });
    ws().receive({ type: "event", event: "e", args: [], offset: "o1" });
    ws().receive({ type: "event", event: "e", args: ["not an offset"] });
    ws().fire("close", { code: 1006 });
    clock.advance(1000);
    expect(ws().open().accept({ pid: "p1", recovered: true })).to.include({ pid: "p1", offset: "o1" });
    expect(it.recovered).to.equal(true);
  });

  it("forgets the offset with the session", () => {
    const { clock, ws, it } = connectedRig({}, { pid: "p1" });
    ws().receive({ type: "event", event: "e", args: [], offset: "o1" });
    ws().fire("close", { code: 1006 });
    clock.advance(5000);
    ws().open().accept({ pid: "p2", recovered: false });
    expect(it.recovered).to.equal(false);
    ws().fire("close", { code: 1006 });
    clock.advance(5000);
    const connect = ws().open().accept();
    expect(connect).to.deep.equal({ type: "connect", pid: "p2" });
  });
});
