import { expect } from "chai";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";

describe("regression: acks that a namespace asked for were owed after its end", () => {
  afterEach(stopServers);

  it("closes nobody for acks of namespaces that are gone", async () => {
    const server = await BridgeServer.start({ maxPendingAcks: 2 });
    server.io.of("/a").on("connection", (socket) => {
      socket.emit("question", () => undefined);
      socket.emit("question", () => undefined);
    });
    const ws = await server.open();
    for (let times = 0; times < 3; times++) {
      ws.send({ type: "connect", ns: "/a" });
      expect(await ws.json()).to.include({ type: "connected", ns: "/a" });
      expect(await ws.json()).to.include({ type: "event", event: "question" });
      expect(await ws.json()).to.include({ type: "event", event: "question" });
      ws.send({ type: "disconnect", ns: "/a" });
    }
    ws.send({ type: "ping", data: "still here" });
    expect(await ws.json()).to.deep.equal({ type: "pong", data: "still here" });
  });
});
