/** Engine.IO's `destroyUpgradeTimeout` below half a second used to cut requests that a slow hook was still asked about. */
import { expect } from "chai";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { WebSocket } from "ws";
import { attachBridge } from "../../bridge/index.js";

describe("an authenticate hook that is slower than Engine.IO's patience", () => {
  it("still decides on the request", async () => {
    const http = createServer();
    const io = new Server(http, { destroyUpgradeTimeout: 20 });
    attachBridge(io, http, {
      authenticate: () => new Promise((resolve) => setTimeout(() => resolve(true), 100)),
    });
    await once(http.listen(0, "127.0.0.1"), "listening");
    const ws = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/bridge`);
    try {
      await once(ws, "open");
      expect(ws.readyState).to.equal(WebSocket.OPEN);
    } finally {
      ws.terminate();
      await io.close();
    }
  });
});
