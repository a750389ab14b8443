import { expect } from "chai";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { WebSocket } from "ws";
import { attachBridge } from "../../bridge/index.js";
import { within } from "../support/deadline.js";

describe("regression: attaching", () => {
  it("two bridges at one path let any client crash the server", () => {
    const http = createServer();
    const io = new Server(http);
    const first = attachBridge(io, http);
    expect(() => attachBridge(io, http)).to.throw(TypeError, "a bridge at /bridge already");
    attachBridge(io, http, { path: "/other" }).close();
    first.close();
    attachBridge(io, http).close();
  });

  for (const leaves of [false, true]) {
    const after = leaves ? "and the client left" : "and the server closed";
    it(`io.attach after a client had come, ${after}: the engine counted wrong`, async () => {
      const http = createServer();
      const io = new Server();
      attachBridge(io, http);
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      const ws = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/bridge`);
      await new Promise((resolve) => ws.once("open", resolve));
      const connected = new Promise((resolve) => ws.once("message", resolve));
      ws.send('{"type":"connect"}');
      await within(connected, "connected");

      io.attach(http);
      expect(io.engine.clientsCount).to.equal(1);
      const closed = new Promise<number>((resolve) => ws.once("close", resolve));
      if (leaves) {
        const [socket] = io.sockets.sockets.values();
        const gone = new Promise((resolve) => socket?.once("disconnect", resolve));
        ws.close();
        await within(gone, "the end");
        expect(io.engine.clientsCount).to.equal(0);
      }
      await within(io.close(), "io.close()");
      expect(await closed).to.equal(leaves ? 1005 : 4501);
    });
  }
});
