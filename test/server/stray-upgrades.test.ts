import { expect } from "chai";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket } from "ws";
import { createRoomsServer, type RoomsServer } from "../../server/index.js";
import { within } from "../support/deadline.js";

describe("a WebSocket request for a path at which there is none", () => {
  let server: RoomsServer;
  let url: string;

  before(async () => {
    const httpServer = createServer();
    server = createRoomsServer(httpServer);
    await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
    url = `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}`;
  });
  after(() => server.close({ http: true }));

  /** 101 where the upgrade was made; what else was answered. */
  async function answerAt(path: string): Promise<{ status: number | undefined; body: string }> {
    const ws = new WebSocket(url + path);
    const answered = new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      ws.once("error", reject);
      ws.once("open", () => resolve({ status: 101, body: "" }));
      ws.once("unexpected-response", (_request, response: IncomingMessage) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.once("end", () => resolve({ status: response.statusCode, body }));
      });
    });
    try {
      return await within(answered, `an answer at ${path}`);
    } finally {
      ws.on("error", () => undefined); // it is closed before it was open
      ws.terminate();
    }
  }

  for (const path of ["/nope", "/bridgex", "/", "/?x=/bridge"]) {
    it(`is answered with 404 and where to go: ${path}`, async () => {
      const { status, body } = await answerAt(path);
      expect(status).to.equal(404);
      const { error } = JSON.parse(body) as { error: { code: string; message: string } };
      expect(error.code).to.equal("not_found");
      expect(error.message).to.include("/bridge");
    });
  }

  for (const path of ["/bridge", "/bridge/", "/bridge?a=b", "/socket.io/?EIO=4&transport=websocket"]) {
    it(`is another thing than one for a path at which there is one: ${path}`, async () => {
      expect((await answerAt(path)).status).to.equal(101);
    });
  }
});
