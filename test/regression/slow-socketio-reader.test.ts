/** A Socket.IO client that asks or is told, and does not read, must not fill the server's memory. */
import { expect } from "chai";
import { WebSocket } from "ws";
import { createMemoryStore, storeOptions, type History } from "../../server/index.js";
import { call, World } from "../guarantees/world.js";
import { until, within } from "../support/deadline.js";

const LIMITS = { messagesPerSecond: 100_000, messageBytes: 1_000_000 };
const BRIDGE = { maxMessagesPerSecond: 100_000 };

describe("a Socket.IO client that does not read", () => {
  let world: World;
  let ws: WebSocket;
  let pages = 0;

  beforeEach(async () => {
    pages = 0;
    const store = createMemoryStore(storeOptions());
    const before = store.log.before.bind(store.log);
    store.log.before = (...args) => {
      pages++;
      return before(...args);
    };
    world = await new World({ limits: LIMITS, bridge: BRIDGE }, () => store).start();
    ws = new WebSocket(`${world.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    await new Promise((resolve) => ws.once("open", resolve));
    ws.send("40");
    await new Promise<void>((resolve) =>
      ws.on("message", (data: Buffer) => {
        if (data.toString().startsWith("40")) resolve();
      }),
    );
    ws.send('420["join",{"room":"r"}]');
    await until(() => world.running.io.of("/").adapter.rooms.has("room:r"), "the join");
    ws.pause();
  });
  afterEach(async () => {
    ws.terminate();
    await world.stop();
  });

  it("gets no page of the history before it has taken those before", async () => {
    const { client } = await world.join("bridge", "r");
    const data = "x".repeat(500_000);
    for (let n = 0; n < 2; n++) await call(client, "publish", { room: "r", data });
    for (let n = 1; n <= 100; n++) ws.send(`42${n}["history",{"room":"r"}]`);
    // By then the server has had all of the hundred.
    for (let n = 0; n < 20; n++) await call<History>(client, "history", { room: "r" });
    expect(pages).to.be.lessThan(60);
  });

  it("is disconnected when too much waits for it", async () => {
    const { client } = await world.join("bridge", "r");
    const gone = new Promise<void>((resolve) => {
      for (const socket of world.running.io.of("/").sockets.values()) {
        if (socket.conn.transport.name !== "bridge") socket.once("disconnect", () => resolve());
      }
    });
    const data = "x".repeat(900_000);
    for (let n = 0; n < 20; n++) {
      await call(client, "publish", { room: "r", data });
      await client.nextEvent("message");
    }
    await within(gone, "the end of the one who does not read");
    expect(await world.running.metrics()).to.match(/^crossroom_slow_readers_closed_total 1$/m);
  });
});
