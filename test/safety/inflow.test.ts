/** Clients that send faster than they are read lose nothing, and stay. */
import { expect } from "chai";
import { io as connectSocketIO, type Socket } from "socket.io-client";
import { until, within } from "../support/deadline.js";
import { RawWebSocket } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

/** What is sent is several times what may be had at once. */
const BYTES = 20_000;
const COUNT = 60;
const OPTIONS = { maxBytesPerSecond: 500_000, pingInterval: 50, pingTimeout: 100 };

describe("a client that sends faster than it is read", () => {
  let socket: Socket | undefined;
  afterEach(async () => {
    socket?.disconnect();
    await stopServers();
  });

  async function start(): Promise<{ server: BridgeServer; got: number[]; ends: string[] }> {
    const server = await BridgeServer.start(OPTIONS);
    const got: number[] = [];
    const ends: string[] = [];
    server.io.on("connection", (one) => {
      one.on("n", (n: number) => got.push(n));
      one.on("disconnect", (reason) => ends.push(reason));
    });
    return { server, got, ends };
  }

  const all = Array.from({ length: COUNT }, (_, n) => n);

  it("is heard in full over the bridge, and is not taken for dead meanwhile", async () => {
    const { server, got, ends } = await start();
    const { ws } = await server.connect();
    for (const n of all) ws.send({ type: "event", event: "n", args: [n, "x".repeat(BYTES)] });
    await until(() => got.length === COUNT, "all to have come");
    expect(got).to.deep.equal(all);
    expect(ends).to.deep.equal([]);
    await ws.leave();
  });

  it("is answered when it closes while it waits", async () => {
    const { server, got } = await start();
    const { ws } = await server.connect();
    for (const n of all) ws.send({ type: "event", event: "n", args: [n, "x".repeat(BYTES)] });
    await until(() => got.length > 0, "the first");
    await ws.leave();
    expect(got).to.deep.equal(all.slice(0, got.length));
  });

  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    it(`is heard in full over ${transports.join(", then ")}`, async () => {
      const { server, got, ends } = await start();
      socket = connectSocketIO(`http://127.0.0.1:${server.port}`, {
        transports,
        reconnection: false,
        forceNew: true,
      });
      for (const n of all) socket.emit("n", n, "x".repeat(BYTES));
      await until(() => got.length === COUNT, "all to have come", 10_000);
      expect(got).to.deep.equal(all);
      expect(ends).to.deep.equal([]);
    });
  }
});

describe("a client of Socket.IO's that asks for one namespace many times at once", () => {
  afterEach(stopServers);

  it("is disconnected, and has one socket at most", async () => {
    const server = await BridgeServer.start();
    let sockets = 0;
    server.io.use((_socket, next) => setImmediate(next));
    server.io.on("connection", () => sockets++);
    const refusals: string[] = [];
    server.io.engine.on("connection_error", ({ context }: { context: { name: string } }) =>
      refusals.push(context.name),
    );
    const ws = await RawWebSocket.open(server.port, "/socket.io/?EIO=4&transport=websocket");
    for (let times = 0; times < 5; times++) ws.send("40");
    await within(ws.closed, "the end");
    expect(sockets).to.be.at.most(1);
    expect(refusals).to.deep.equal(["protocol_violation"]);
  });

  it("may ask again when it was answered", async () => {
    const server = await BridgeServer.start();
    let times = 0;
    server.io.use((_socket, next) => (++times === 1 ? next(new Error("not yet")) : next()));
    const socket = connectSocketIO(`http://127.0.0.1:${server.port}`, {
      transports: ["websocket"],
      forceNew: true,
    });
    await within(new Promise((resolve) => socket.once("connect_error", resolve)), "the refusal");
    socket.connect();
    await within(new Promise<void>((resolve) => socket.once("connect", resolve)), "the second");
    socket.disconnect();
  });
});
