import { expect } from "chai";
import express from "express";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { attachRooms, createRoomsServer, newApiKey, type AttachedRooms } from "../../../server/index.js";

const { text, key } = newApiKey({ scopes: ["publish", "read"], created: 0 }, randomBytes);
const apiKeys = { all: () => [key] };

describe("the HTTP API beside an application", () => {
  const ways = {
    "a rooms server on the application's HTTP server": (httpServer: ReturnType<typeof createServer>) =>
      createRoomsServer(httpServer, { apiKeys }),
    "rooms on the application's io": (httpServer: ReturnType<typeof createServer>) =>
      attachRooms(new Server(httpServer), httpServer, { apiKeys }),
  };
  for (const [title, mount] of Object.entries(ways)) {
    it(`is answered by ${title}, whose other paths are the application's`, async () => {
      const app = express();
      app.use(express.json());
      app.use((request, response) => void response.json({ app: request.path }));
      const httpServer = createServer(app);
      const rooms: AttachedRooms = mount(httpServer);
      await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
      const { port } = httpServer.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}`;
      const headers = { authorization: `Bearer ${text}`, "content-type": "application/json" };
      const ask = async (path: string, body?: object) => {
        const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
        const response = await fetch(url + path, { headers, ...init });
        return [response.status, (await response.json()) as object] as const;
      };
      const [status] = await ask("/crossroom/v1/rooms/order-1/messages", { data: "paid" });
      expect(status).to.equal(201);
      const { messages } = await rooms.history("order-1");
      expect(messages.map(({ data }) => data)).to.deep.equal(["paid"]);
      expect(await ask("/orders", { data: 1 })).to.deep.equal([200, { app: "/orders" }]);
      const [missing, problem] = await ask("/crossroom/v1/orders");
      expect(missing).to.equal(404);
      expect(problem).to.include({ code: "not_found" });
      await rooms.close({ http: true });
      httpServer.closeAllConnections();
      if (httpServer.listening) await new Promise((resolve) => httpServer.close(resolve));
    });
  }
});
