import { expect } from "chai";
import type { TransportName } from "../../../clients/typescript/src/transport.js";
import { WayMemory, Ways, waysOf } from "../../../clients/typescript/src/ways.js";

const ALL: readonly TransportName[] = ["websocket", "sse", "polling"];
const HERE = "http://server.test/bridge";
const MINUTE = 60_000;

describe("client: the ways (docs/sdk.md, 6)", () => {
  it("are those of the option that there are, in their order", () => {
    expect(waysOf(["polling", "webtransport", "websocket"], true)).to.deep.equal(["websocket", "polling"]);
    expect(waysOf(ALL, false)).to.deep.equal(["websocket"]);
  });

  it("are one at least", () => {
    expect(() => waysOf([], true)).to.throw(TypeError, "transports has none of");
    expect(() => waysOf(["webtransport"], true)).to.throw(TypeError);
    expect(() => waysOf(["sse"], false)).to.throw(TypeError, "fetch");
  });

  it("begin with the WebSocket, then HTTP with a stream", () => {
    const ways = new Ways(new WayMemory());
    expect([ways.first(ALL, HERE, 0), ways.http(ALL, HERE, 0)]).to.deep.equal(["websocket", "sse"]);
    expect(ways.first(["sse", "polling"], HERE, 0)).to.equal("sse");
    expect(ways.http(["websocket"], HERE, 0)).to.equal(undefined);
  });

  it("begin for ten minutes with what has worked, for all connections to the address", () => {
    const memory = new WayMemory();
    new Ways(memory).worked("sse", HERE, 0);
    const ways = new Ways(memory);
    expect(ways.first(ALL, HERE, 10 * MINUTE - 1)).to.equal("sse");
    expect(ways.first(ALL, `${HERE}2`, 0)).to.equal("websocket");
    ways.worked("sse", HERE, 9 * MINUTE); // its use makes it last no longer
    expect(ways.first(ALL, HERE, 10 * MINUTE)).to.equal("websocket");
  });

  it("begin with polls where a stream was held up", () => {
    const ways = new Ways(new WayMemory());
    ways.worked("sse", HERE, 0);
    ways.worked("polling", HERE, 5 * MINUTE);
    expect(ways.first(ALL, HERE, 14 * MINUTE)).to.equal("polling");
    expect(ways.first(["websocket", "sse"], HERE, 14 * MINUTE)).to.equal("sse");
    expect(ways.first(["websocket"], HERE, 14 * MINUTE)).to.equal("websocket");
  });

  it("forget what opens no session", () => {
    const ways = new Ways(new WayMemory());
    ways.worked("sse", HERE, 0);
    ways.failed(HERE, false, 1);
    expect([ways.first(ALL, HERE, 1), ways.http(ALL, HERE, 1)]).to.deep.equal(["websocket", "sse"]);
  });

  it("leave out HTTP for five minutes where there is no bridge over HTTP", () => {
    const ways = new Ways(new WayMemory());
    ways.failed(HERE, true, 0);
    expect(ways.http(ALL, HERE, 5 * MINUTE - 1)).to.equal(undefined);
    expect(ways.http(ALL, HERE, 5 * MINUTE)).to.equal("sse");
    // Where nothing else is allowed, it is asked all the same.
    expect(ways.first(["sse"], HERE, 1)).to.equal("sse");
  });

  it("begin once with HTTP after a WebSocket that was open and brought nothing", () => {
    const ways = new Ways(new WayMemory());
    ways.wasMute(100, 1006);
    expect([ways.first(ALL, HERE, 0), ways.first(ALL, HERE, 0)]).to.deep.equal(["sse", "websocket"]);
    ways.wasMute(10_000, 4505);
    expect(ways.first(ALL, HERE, 0)).to.equal("sse");
    ways.wasMute(100, 4505); // it was told something, and soon
    expect(ways.first(ALL, HERE, 0)).to.equal("websocket");
  });
});
