import { expect } from "chai";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";
import { RawWebSocket } from "../support/raw-websocket.js";

describe("regression: handshake.query of plain clients had no EIO in namespaces", () => {
  afterEach(stopServers);

  for (const query of ["", "?EIO=3&transport=polling&own=x"]) {
    it(`is "4" in every namespace, for a URL with ${query === "" ? "no query" : query}`, async () => {
      const server = await BridgeServer.start();
      const client = await RawWebSocket.open(server.port, `/bridge${query}`);
      for (const ns of ["/", "/chat"]) {
        const connected = new Promise<Record<string, unknown>>((resolve) => {
          server.io.of(ns).once("connection", ({ handshake }) => resolve(handshake.query));
        });
        client.send({ type: "connect", ns });
        expect(await connected).to.include({ EIO: "4", transport: "websocket" });
        await client.json("connected");
      }
      await client.leave();
    });
  }
});
