import { expect } from "chai";
import { io, Manager } from "../../clients/typescript/src/index.js";
import { type ProtocolError, TransportError } from "../../clients/typescript/src/errors.js";
import { FakeWebSocket, fakeWebSockets } from "./support/fake-websocket.js";
import { connectedRig, rig } from "./support/rig.js";

describe("client: the connection ends", () => {
  it("by the server's disconnect: not made again, the socket is not active (3.5)", () => {
    const { clock, ws, it, log } = connectedRig();
    const active: boolean[] = [];
    it.on("disconnect", () => active.push(it.active));
    ws().receive({ type: "disconnect", reason: "kicked" });
    expect(log.rest()).to.deep.equal([["disconnect", "io server disconnect", { description: "kicked" }]]);
    expect([active, ws().closedWith, clock.pending, it.id]).to.deep.equal([[false], 1000, [], undefined]);
  });

  it("by the user's disconnect, and nothing is left of it", () => {
    const { clock, ws, it, log } = connectedRig();
    it.disconnect();
    expect(log.rest()).to.deep.equal([["disconnect", "io client disconnect", undefined]]);
    expect([ws().take(), ws().closedWith]).to.deep.equal([{ type: "disconnect" }, 1000]);
    expect([clock.pending, clock.watchers, it.active]).to.deep.equal([[], 0, false]);
  });

  it("by a close that says come back: reconnects, and tells the code and reason", () => {
    const { clock, ws, it, log, told } = connectedRig();
    ws().fire("close", { code: 4501, reason: "server_shutdown" });
    const [event, reason, details] = log.rest()[0]!;
    expect([event, reason, it.active]).to.deep.equal(["disconnect", "transport close", true]);
    expect(details).to.include({ code: 4501, reason: "server_shutdown" });
    expect(details).to.have.deep.property("context", { code: 4501, reason: "server_shutdown" });
    expect(clock.pending).to.deep.equal([1000]);
    clock.advance(1000);
    ws().open().accept();
    expect(told.names()).to.deep.equal(["close", "reconnect_attempt", "open", "reconnect"]);
    expect(log.rest()).to.deep.equal([["connect"]]);
  });

  it("and a connect() of a disconnect listener waits for the attempt that is planned", () => {
    const { clock, made, ws, it } = connectedRig();
    it.on("disconnect", () => it.connect());
    ws().fire("close", { code: 1006 });
    expect([made.length, clock.pending]).to.deep.equal([1, [1000]]);
    clock.advance(1000);
    ws().open().accept();
    expect([made.length, it.connected]).to.deep.equal([2, true]);
  });

  for (const code of [1000, 1009, 4000, 4400, 4409]) {
    it(`by ${code}, which says stay away: stays closed, and the socket is not active`, () => {
      const { clock, ws, it, log, told } = connectedRig();
      const active: boolean[] = [];
      it.on("disconnect", () => active.push(it.active));
      ws().fire("close", { code, reason: "r" });
      expect(log.rest()[0]?.[2]).to.include({ code, reason: "r" });
      expect([active, clock.pending, told.names()]).to.deep.equal([[false], [], ["close"]]);
      it.connect();
      ws().open().accept();
      expect(it.connected).to.equal(true);
    });
  }

  it("by an error of the WebSocket: the manager tells it, the reason is transport error", () => {
    const { clock, ws, log, told } = connectedRig();
    ws().fire("error", { message: "bad frame" });
    expect(ws().closedWith).to.equal(1005);
    ws().fire("close", { code: 1006 });
    expect(log.rest().map(([, reason]) => reason)).to.deep.equal(["transport error"]);
    expect(told.names()).to.deep.equal(["error", "close"]);
    expect(clock.pending).to.deep.equal([1000]);
  });

  it("when the device goes offline", () => {
    const { clock, log } = connectedRig();
    clock.goOffline();
    expect(log.rest()).to.deep.equal([
      ["disconnect", "transport close", { description: "network connection lost" }],
    ]);
    expect(clock.watchers).to.equal(0);
  });

  it("by silence: asks with a ping frame, then ping timeout", () => {
    const { clock, ws, log } = connectedRig();
    clock.advance(25_000);
    expect(ws().take()).to.deep.equal({ type: "ping" });
    ws().receive({ type: "pong" });
    clock.advance(25_000);
    expect(ws().take()).to.deep.equal({ type: "ping" });
    clock.advance(20_000);
    expect(log.rest()).to.deep.equal([["disconnect", "ping timeout", undefined]]);
  });

  it("by silence that a sleeping machine's timers missed: what is emitted then waits for the next connection", () => {
    const { clock, ws, it, log } = connectedRig();
    clock.advance(25_000);
    ws().take();
    clock.sleep(3_600_000);
    it.emit("e");
    expect(ws().sent).to.deep.equal([]);
    clock.advance(0);
    expect(log.names()).to.deep.equal(["disconnect"]);
    clock.advance(1000);
    ws().open().accept();
    expect(ws().take()).to.include({ event: "e" });
  });
});

describe("client: the connection cannot be made", () => {
  it("is tried again, and the sockets are told each time", () => {
    const { clock, ws, socket, told } = rig();
    const { socket: it, log } = socket();
    ws().fire("error", { message: "refused" });
    ws().fire("close", { code: 1006 });
    expect([log.names(), told.names(), it.active]).to.deep.equal([["connect_error"], ["error"], true]);
    clock.advance(1000);
    ws().fire("error", { message: "refused" });
    expect(log.names()).to.deep.equal(["connect_error"]);
    expect(told.names()).to.deep.equal(["reconnect_attempt", "error", "reconnect_error"]);
    clock.advance(2000);
    ws().open().accept();
    expect([log.names(), it.connected]).to.deep.equal([["connect"], true]);
  });

  it("is not tried again after 401: the credentials would be the same (1.4)", () => {
    const { clock, ws, socket } = rig();
    const { socket: it, log } = socket();
    ws().fire("error", { message: "Unexpected server response: 401" });
    const [[, error]] = log.rest() as [[string, TransportError]];
    expect(error).to.be.instanceOf(TransportError).and.include({ status: 401, message: "websocket error" });
    expect([it.active, clock.pending]).to.deep.equal([false, []]);
  });

  it("takes too long: timeout", () => {
    const { clock, ws, socket } = rig({ timeout: 300 });
    const { log } = socket();
    clock.advance(300);
    expect(log.rest().map(([, error]) => (error as Error).message)).to.deep.equal(["timeout"]);
    expect(ws().closedWith).to.equal(1000);
    expect(clock.pending).to.deep.equal([1000]);
  });

  it("because the WebSocket class refuses the URL: told when listeners had time to listen", () => {
    class Refusing extends FakeWebSocket {
      constructor(url: string) {
        super(url);
        throw new SyntaxError("no such URL");
      }
    }
    const { clock, socket } = rig({ WebSocket: Refusing });
    const { log } = socket();
    clock.advance(0);
    expect(log.rest().map(([, error]) => (error as Error).message)).to.deep.equal(["no such URL"]);
  });

  it("gives up after reconnectionAttempts; connect() begins anew", () => {
    const { clock, ws, socket, told } = rig({ reconnectionAttempts: 1 });
    const { socket: it } = socket();
    ws().fire("error");
    clock.advance(1000);
    ws().fire("error");
    expect(told.names().slice(-2))
      .to.have.members(["reconnect_failed", "reconnect_error"])
      .and.have.length(2);
    expect(clock.pending).to.deep.equal([]);
    it.connect();
    ws().open().accept();
    expect(it.connected).to.equal(true);
  });

  it("tells open()'s callback, and then retries nothing", () => {
    const { clock, manager, ws } = rig({ autoConnect: false });
    const outcomes: unknown[] = [];
    manager.open((error) => outcomes.push(error?.message));
    ws().fire("error");
    expect(clock.pending).to.deep.equal([]);
    manager.connect((error) => outcomes.push(error));
    ws().open();
    expect(outcomes).to.deep.equal(["websocket error", undefined]);
    manager.disconnect();
    expect(clock.pending).to.deep.equal([]);
  });

  it("lets a listener of reconnect_attempt change the options, or give up", () => {
    const { clock, manager, made, ws, socket } = rig({ query: { n: 0 } });
    const { socket: it } = socket();
    let attempts = 0;
    manager.on("reconnect_attempt", () => {
      manager.opts.query = { n: ++attempts };
      if (attempts === 2) it.disconnect();
    });
    ws().fire("error");
    clock.advance(1000);
    expect(ws().url).to.equal("ws://server.test/bridge?n=1");
    ws().fire("error");
    clock.advance(2000);
    expect([made.length, clock.pending]).to.deep.equal([2, []]);
  });
});

describe("client: frames that it cannot use", () => {
  it("are ignored if their type is unknown (2.7), and told by the manager if they are malformed", () => {
    const { ws, it, told } = connectedRig();
    ws().receive({ type: "from-the-future" });
    expect(told.rest()).to.deep.equal([]);
    ws().fire("message", { data: "not JSON" });
    ws().fire("message", { data: new ArrayBuffer(1) });
    const codes = told.rest().map(([event, error]) => [event, (error as ProtocolError).code]);
    expect(codes).to.deep.equal(Array(2).fill(["error", "malformed_frame"]));
    ws().receive({ type: "connected", sid: "again", pingInterval: 1, pingTimeout: 1, maxPayload: 1 });
    ws().receive({ type: "connect_error", message: "unasked" });
    expect([it.connected, it.id, told.rest()]).to.deep.equal([true, "sid", []]);
  });
});

describe("client: io()", () => {
  it("shares managers by endpoint, but for the same namespace twice, forceNew and multiplex: false", () => {
    const { WebSocket, made } = fakeWebSockets();
    const options = { WebSocket };
    const a = io("http://shared.test/a", options);
    const b = io.connect("http://shared.test:80/b", options);
    expect(a.io).to.equal(b.io);
    const others = [
      io("http://shared.test/a", options),
      io("http://shared.test/c", { ...options, forceNew: true }),
      io("http://shared.test/d", { ...options, multiplex: false }),
      io("http://shared.test/e", { ...options, path: "/elsewhere" }),
    ];
    expect(new Set([a, ...others].map((socket) => socket.io)).size).to.equal(5);
    expect(made).to.have.length(5);
    expect([a.nsp, b.nsp]).to.deep.equal(["/a", "/b"]);
    for (const socket of [a, b, ...others]) socket.disconnect();
    expect(made.map((ws) => ws.closedWith)).to.deep.equal([1000, 1000, 1000, 1000, 1000]);
  });

  it("says at once what it cannot work with", () => {
    // From Node.js 22 on there is one, as in browsers.
    const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
    Reflect.deleteProperty(globalThis, "WebSocket");
    try {
      expect(() => io("http://server.test", { forceNew: true, autoConnect: false })).to.throw("WebSocket");
    } finally {
      if (own !== undefined) Object.defineProperty(globalThis, "WebSocket", own);
    }
    expect(() => io({ WebSocket: fakeWebSockets().WebSocket })).to.throw(TypeError);
  });

  it("and manager.socket() give the socket that there is, connected again if it was left", () => {
    const { manager, ws, it: socket } = connectedRig();
    socket.disconnect();
    expect(manager.socket("/")).to.equal(socket);
    ws().open().accept();
    expect(socket.connected).to.equal(true);
  });

  it("has the manager's settings as methods", () => {
    const manager = new Manager("http://server.test", {
      ...fakeWebSockets(),
      autoConnect: false,
      timeout: 5,
    });
    expect([manager.timeout(), manager.reconnectionDelay(), manager.reconnection()]).to.deep.equal([
      5,
      1000,
      true,
    ]);
    manager
      .timeout(false)
      .reconnectionDelay(7)
      .reconnectionDelayMax(8)
      .reconnectionAttempts(9)
      .reconnection(false);
    expect([manager.timeout(), manager.reconnectionDelay(), manager.reconnectionDelayMax()]).to.deep.equal([
      false,
      7,
      8,
    ]);
    expect([manager.reconnectionAttempts(), manager.reconnection()]).to.deep.equal([9, false]);
    expect(manager.randomizationFactor(0.1).randomizationFactor()).to.equal(0.1);
  });
});
