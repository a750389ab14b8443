/** With compression, `socket.conn` used to emit no `drain`. */
import { expect } from "chai";
import { once, type EventEmitter } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { WebSocket } from "ws";
import { attachBridge } from "../../bridge/index.js";

describe("a connection with compression", () => {
  it("emits drain when what was written is gone", async () => {
    const http = createServer();
    const io = new Server(http);
    attachBridge(io, http, { perMessageDeflate: true });
    await once(http.listen(0, "127.0.0.1"), "listening");
    const arrival = once(io.engine as EventEmitter, "connection") as Promise<[EventEmitter]>;
    const ws = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/bridge`);
    try {
      await once(ws, "open");
      expect(ws.extensions).to.equal("permessage-deflate");
      const [connection] = await arrival;
      const drain = once(connection, "drain", { signal: AbortSignal.timeout(2_000) });
      ws.send('{"type":"ping"}');
      await drain;
    } finally {
      ws.terminate();
      await io.close();
    }
  });
});
