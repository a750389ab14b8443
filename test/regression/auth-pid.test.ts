import { expect } from "chai";
import { once } from "node:events";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";

describe("regression: a session named in the auth data was recovered, and `connected` said that it was not", () => {
  afterEach(stopServers);

  it("says `recovered` wherever the client has put pid and offset", async () => {
    const server = await BridgeServer.start({}, { connectionStateRecovery: {} });
    const first = await server.open();
    first.send({ type: "connect" });
    const { pid, recovered } = await first.json("connected");
    expect(recovered).to.equal(false);
    server.io.emit("news");
    const { offset } = await first.json("the event");
    const [socket] = await server.io.local.fetchSockets();
    const gone = once(socket as unknown as NodeJS.EventEmitter, "disconnect");
    first.socket.destroy();
    await gone;

    const second = await server.open();
    second.send({ type: "connect", auth: { pid, offset } });
    expect(await second.json("connected")).to.include({ pid, recovered: true });
  });
});
