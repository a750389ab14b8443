import { expect } from "chai";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { attachBridge, type BridgeOptions } from "../../bridge/index.js";

/** For each option values that are wrong. */
const WRONG: Record<keyof BridgeOptions, unknown[]> = {
  path: ["bridge", "/", "/bridge/", "/bridge?x", "", 1, "/socket.io/bridge", "/socket.io"],
  authenticate: [true, "secret"],
  upgradeTimeout: [0, -1, 1.5, 2 ** 31, "1000", NaN],
  allowedOrigins: ["https://app.example", [1], [null]],
  maxPayload: [0, -1, 0.5, "1", Infinity],
  maxConnections: [0, -1, 0.5, NaN],
  maxConnectionsPerAddress: [0, -1, 0.5],
  maxWaitingUpgrades: [0, -1, 0.5, Infinity],
  limitSocketIO: [0, "no"],
  addressOf: ["x-forwarded-for"],
  maxMessagesPerSecond: [0, -1, 0.5, Infinity],
  maxBytesPerSecond: [0, -1, 0.5, Infinity],
  maxBytesPerSecondOfAddress: [0, -1, 0.5, Infinity],
  maxMalformedPerMinute: [0, -1, 0.5],
  maxBufferedBytes: [0, -1, 0.5],
  maxNamespaces: [0, -1, 0.5],
  maxPendingAcks: [0, -1, 0.5],
  pingInterval: [0, -1, 2 ** 31],
  pingTimeout: [0, -1, 2 ** 31],
  closeTimeout: [0, -1, 2 ** 31],
  perMessageDeflate: [1, "yes"],
  http: [
    ...[true, "on", [], { resumeTimeout: 0 }, { maxReplay: 0.5 }, { node: "" }, { node: "a.b" }, { port: 1 }],
    { peers: () => undefined },
    { node: "a", peers: { b: "http://b" } },
  ],
};

function attach(options: object): void {
  attachBridge(new Server({ serveClient: false }), createServer(), options);
}

describe("wrong options", () => {
  for (const [name, values] of Object.entries(WRONG)) {
    it(`${name}: the error names it`, () => {
      for (const value of values) {
        expect(() => attach({ [name]: value }), JSON.stringify(value)).to.throw(TypeError, name);
      }
    });
  }

  it("an option that there is not: the error names it", () => {
    expect(() => attach({ maxPayloads: 1 })).to.throw(TypeError, "maxPayloads");
  });

  it("several: the error names them all", () => {
    expect(() => attach({ maxPayload: 0, pingInterval: 0 })).to.throw(/maxPayload[^]*pingInterval/);
  });
});
