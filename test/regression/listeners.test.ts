import { expect } from "chai";
import { GatheringWebSocketServer } from "../../bridge/index.js";
import { within } from "../support/deadline.js";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";

/** Runs `work` with the process's handlers for uncaught exceptions set aside; gives what came meanwhile. */
async function uncaughtDuring(work: () => Promise<void>): Promise<unknown[]> {
  const handlers = process.listeners("uncaughtException");
  const errors: unknown[] = [];
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => errors.push(error));
  try {
    await work();
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const handler of handlers) process.on("uncaughtException", handler);
  }
  return errors;
}

describe("regression: listeners for what is written", () => {
  afterEach(stopServers);

  for (const way of ["once", "on"] as const) {
    it(`crashed the server by closing in "drain" (${way})`, async () => {
      const server = await BridgeServer.start();
      const { ws, socket } = await server.connect();
      const reasons: string[] = [];
      socket.on("disconnect", (reason) => reasons.push(reason));
      socket.conn[way]("drain", () => socket.conn.close());
      socket.emit("last");
      expect(await ws.json()).to.include({ event: "last" });
      expect((await ws.end()).close.code).to.equal(4500);
      expect(reasons).to.deep.equal(["forced close"]);
    });
  }

  for (const [name, options] of Object.entries({
    "Socket.IO's WebSocket transport": {},
    GatheringWebSocketServer: { wsEngine: GatheringWebSocketServer },
  })) {
    it(`silenced all other clients by throwing once (${name})`, async () => {
      const server = await BridgeServer.start({}, options);
      const clients = [await server.connect(), await server.connect(), await server.connect()];
      clients[0]!.socket.conn.once("drain", () => {
        throw new Error("an application's mistake");
      });
      const errors = await uncaughtDuring(async () => {
        for (const round of [1, 2]) {
          server.io.emit("news", round);
          for (const { ws } of clients) {
            expect(await within(ws.json(), "the event")).to.deep.include({ event: "news", args: [round] });
          }
        }
      });
      expect(errors.map(String)).to.deep.equal(["Error: an application's mistake"]);
    });
  }
});
