import { expect } from "chai";
import { io as connect } from "socket.io-client";
import type { Socket } from "socket.io";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RoomAdapter } from "../../bridge/index.js";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";
import { until } from "../support/deadline.js";

const withRoomAdapter = (): Promise<BridgeServer> => BridgeServer.start({}, { adapter: RoomAdapter });

describe("regression: RoomAdapter", () => {
  afterEach(stopServers);

  it("lost a broadcast that a listener made in the middle of another", async () => {
    const server = await withRoomAdapter();
    const [a, b] = [await server.connect(), await server.connect()];
    for (const { socket } of [a, b]) await socket.join("r");
    // The listener's own broadcast comes before the one that it heard of, as with Socket.IO's adapter.
    b.socket.conn.on("packetCreate", ({ data }: { data: string }) => {
      if (data.includes("one")) server.io.to("r").emit("two");
    });
    server.io.to("r").emit("one");
    server.io.to("r").emit("three");
    const events = async ({ ws }: typeof a): Promise<unknown[]> =>
      [await ws.json(), await ws.json(), await ws.json()].map(({ event }) => event);
    expect(await events(b)).to.deep.equal(["two", "one", "three"]);
    expect(await events(a)).to.have.members(["one", "two", "three"]);
  });

  it("sent an event before `connected` to a client that was in a room already", async () => {
    const server = await withRoomAdapter();
    server.io.use((socket, next) => {
      void socket.join("r");
      next();
    });
    server.io.of("/").adapter.on("join-room", () => server.io.to("r").emit("joined"));
    const [first, second] = [await server.open(), await server.open()];
    for (const ws of [first, second]) {
      ws.send({ type: "connect" });
      expect(await ws.json()).to.include({ type: "connected" });
    }
  });

  it("sent to a socket that had left during the broadcast", async () => {
    const server = await withRoomAdapter();
    const clients = [
      connect(`http://127.0.0.1:${server.port}`, { forceNew: true, transports: ["websocket"] }),
    ];
    await new Promise((resolve) => server.io.once("connection", resolve));
    clients.push(connect(`http://127.0.0.1:${server.port}`, { forceNew: true, transports: ["websocket"] }));
    await new Promise((resolve) => server.io.once("connection", resolve));
    try {
      const [a, b] = await server.io.local.fetchSockets();
      const sockets = server.io.sockets.sockets;
      for (const { id } of [a!, b!]) await sockets.get(id)?.join("r");
      sockets.get(a!.id)?.conn.once("packetCreate", () => void sockets.get(b!.id)?.leave("r"));
      const got: string[] = [];
      for (const client of clients) client.on("to those in r", () => got.push(client.id ?? ""));
      const done = Promise.all(
        clients.map((client) => new Promise((resolve) => client.once("all", resolve))),
      );
      server.io.to("r").emit("to those in r");
      server.io.emit("all");
      await done;
      expect(got).to.deep.equal([a!.id]);
    } finally {
      for (const client of clients) client.disconnect();
    }
  });

  it("made a frame of Engine.IO's where nobody reads one", async () => {
    const server = await withRoomAdapter();
    const plain = await server.connect();
    await plain.socket.join("r");
    const framed: boolean[] = [];
    plain.socket.conn.on("packetCreate", ({ options }: { options: object }) => {
      framed.push("wsPreEncodedFrame" in options);
    });
    server.io.to("r").emit("to plain clients", 1);
    const arrival = new Promise<Socket>((resolve) => server.io.once("connection", resolve));
    const native = connect(`http://127.0.0.1:${server.port}`, { forceNew: true, transports: ["websocket"] });
    try {
      const got = new Promise((resolve) => native.once("to all", resolve));
      await (await arrival).join("r");
      server.io.to("r").emit("to all", 2);
      expect(await got).to.equal(2);
    } finally {
      native.disconnect();
    }
    expect(framed).to.deep.equal([false, true]);
    expect(await plain.ws.json()).to.include({ event: "to plain clients" });
    expect(await plain.ws.json()).to.include({ event: "to all" });
  });

  it("kept what was last sent to each room", async () => {
    setFlagsFromString("--expose_gc");
    const collect = runInNewContext("gc") as () => void;
    const server = await withRoomAdapter();
    const [a, b] = [await server.connect(), await server.connect()];
    const rooms = Array.from({ length: 60 }, (_, n) => `room ${n}`);
    for (const room of rooms) for (const { socket } of [a, b]) await socket.join(room);
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (const room of rooms) {
      server.io.to(room).emit("large", "x".repeat(500_000));
      for (const { ws } of [a, b]) expect(await ws.json()).to.include({ event: "large" });
    }
    server.io.emit("small");
    for (const { ws } of [a, b]) expect(await ws.json()).to.include({ event: "small" });
    // The messages are 30 MB in all; this process also has what it has just received, and lets go of it when it likes.
    const held = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers - before;
    };
    await until(() => held() < 15_000_000, "less than half of the messages are held");
  });

  it("turned connection state recovery off without a word", () => {
    expect(() => BridgeServer.create({ adapter: RoomAdapter, connectionStateRecovery: {} })).to.throw(
      TypeError,
      "RoomAdapter keeps no sessions",
    );
  });
});
