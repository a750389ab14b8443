import { expect } from "chai";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import { Server } from "socket.io";
import { attachBridge } from "../../bridge/index.js";
import { within } from "../support/deadline.js";
import { handshake, parseAnswer } from "../support/raw-websocket.js";

describe("regression: an HTTP server that does not listen itself was taken for one that shuts down", () => {
  it("lets in clients whose sockets it is handed, as a worker behind @socket.io/sticky is", async () => {
    const http = createHttpServer();
    const io = new Server(http, { serveClient: false });
    attachBridge(io, http);
    const front = createServer((socket) => http.emit("connection", socket));
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    const socket = connect((front.address() as AddressInfo).port, "127.0.0.1");
    try {
      socket.write(handshake());
      const [answer] = (await within(once(socket, "data"), "an answer")) as [Buffer];
      expect(parseAnswer(answer.toString()).status).to.equal(101);
    } finally {
      socket.destroy();
      front.close();
      await io.close();
    }
  });
});
