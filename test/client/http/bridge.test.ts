/** The client over HTTP with the real bridge, and the rooms layer over it. */
import { expect } from "chai";
import { WebSocket } from "ws";
import { io } from "../../../clients/typescript/src/index.js";
import { createRooms } from "../../../clients/typescript/src/rooms/index.js";
import { startRooms, type Running } from "../../server/support/server.js";
import { until, within } from "../../support/deadline.js";
import { NoWebSocket } from "../../support/no-websocket.js";
import { TestServer } from "../support/bridge.js";

describe("client over HTTP, with the bridge", () => {
  for (const transport of ["sse", "polling"] as const) {
    it(`emits, is acked, and hears events in their order and binary, by ${transport}`, async () => {
      const server = await TestServer.start();
      server.io.on("connection", (socket) => {
        socket.on("echo", (value: unknown, reply: (value: unknown) => void) => reply(value));
        for (let n = 0; n < 3; n++) socket.emit("count", n, Buffer.from([n]));
      });
      const { socket, log } = server.connect("/", { transports: [transport] });
      log.listen(socket, ["count"]);
      expect(await log.next()).to.deep.equal(["connect"]);
      expect(socket.io.transport).to.equal(transport);
      for (let n = 0; n < 3; n++) expect(await log.next()).to.deep.equal(["count", n, Buffer.from([n])]);
      expect(await socket.emitWithAck("echo", { a: ["ö", null] })).to.deep.equal({ a: ["ö", null] });
      // More at once than the server takes without pacing.
      const all = Array.from({ length: 1_200 }, (_, n) => n);
      const echoes = await Promise.all<unknown>(all.map((n) => socket.emitWithAck("echo", n)));
      expect(echoes).to.deep.equal(all);
      expect(await server.end()).to.deep.equal([]);
    });

    it(`obeys disconnects and close codes, by ${transport}`, async () => {
      const server = await TestServer.start();
      const { socket, log } = server.connect("/", { transports: [transport] });
      await log.next();
      server.io.disconnectSockets(true);
      expect((await log.next()).slice(0, 2)).to.deep.equal(["disconnect", "io server disconnect"]);
      expect(socket.active).to.equal(false);
      expect(await server.end()).to.deep.equal([]);
    });

    it(`leaves at once as the server sees it, after what it emitted, by ${transport}`, async () => {
      const server = await TestServer.start();
      const seen: unknown[] = [];
      server.io.on("connection", (socket) => {
        socket.on("n", (n) => seen.push(n));
        socket.on("disconnect", (reason) => seen.push(reason));
      });
      const { socket, log } = server.connect("/", { transports: [transport] });
      await log.next();
      for (let n = 0; n < 3; n++) socket.emit("n", n);
      socket.disconnect();
      await until(() => seen.length === 4, "the end");
      expect(seen).to.deep.equal([0, 1, 2, "client namespace disconnect"]);
      await until(() => server.bridge.clientsCount === 0, "no session");
      await log.next();
      expect(await server.end()).to.deep.equal([]);
    });
  }

  it("is refused where the bridge has HTTP turned off, as the WebSocket was", async () => {
    const server = await TestServer.start({ http: false });
    server.http.on("request", (_request, response) => response.writeHead(404).end());
    const proxy = await NoWebSocket.listen(server.url);
    const socket = io(proxy.url, { WebSocket, forceNew: true });
    const error = await within(
      new Promise<Error>((resolve) => void socket.once("connect_error", resolve)),
      "the refusal",
    );
    expect(error).to.include({ message: "websocket error", status: 400 });
    expect(socket.active).to.equal(false);
    socket.disconnect();
    await proxy.close();
    expect(await server.end()).to.deep.equal([]);
  });

  describe("and the rooms layer", () => {
    let server: Running;
    let proxy: NoWebSocket;

    beforeEach(async () => {
      server = await startRooms();
      proxy = await NoWebSocket.listen(server.url);
    });
    afterEach(async () => {
      await proxy.close();
      await server.close();
    });

    it("follows the README: joins, publishes and hears, where WebSocket is refused", async () => {
      const socket = io(proxy.url, { WebSocket, forceNew: true });
      const rooms = createRooms(socket, { name: "Ada" });
      const lobby = rooms.room("lobby");
      const heard = new Promise((resolve) => {
        lobby.on("message", ({ from, data }) => resolve([from.name, from.transport, data]));
      });
      await lobby.join();
      await lobby.publish("Hello");
      expect(await within(heard, "the message")).to.deep.equal(["Ada", "bridge-http", "Hello"]);
      expect([socket.io.transport, proxy.refused]).to.deep.equal(["sse", 1]);
      await rooms.close(2_000);
    });
  });
});
