import { expect } from "chai";
import { IncomingMessage } from "node:http";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";

describe("regression: `socket.request`, kept without its stream, was no request any more", () => {
  afterEach(stopServers);

  it("has what a request has, and can be paused, resumed and destroyed", async () => {
    const server = await BridgeServer.start();
    const { ws, socket } = await server.connect({ "X-Who": "me" });
    const { request } = socket;
    expect(request).to.be.instanceOf(IncomingMessage);
    expect(request).to.include({
      method: "GET",
      url: "/bridge",
      upgrade: true,
      aborted: false,
      complete: true,
    });
    const at = request.rawHeaders.indexOf("x-who");
    expect(request.rawHeaders[at + 1]).to.equal("me");
    expect(request.rawTrailers).to.deep.equal([]);
    expect(request.pause()).to.equal(request);
    expect(request.resume()).to.equal(request);
    request.destroy();
    expect((await ws.end()).close.code).to.equal(1006);
  });

  it("is the request that a hook has seen, where there is a hook", async () => {
    const seen: IncomingMessage[] = [];
    const server = await BridgeServer.start({ authenticate: (request) => seen.push(request) > 0 });
    const { socket } = await server.connect();
    expect(seen).to.deep.equal([socket.request]);
  });
});
