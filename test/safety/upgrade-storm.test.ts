/** Clients that come all at once take turns, plain ones and Socket.IO's own (docs/limits.md). */
import { expect } from "chai";
import type { Socket } from "node:net";
import type { BridgeOptions } from "../../bridge/index.js";
import type { ServerOptions } from "socket.io";
import { until, within } from "../support/deadline.js";
import { holdTheLoop } from "../support/hold-the-loop.js";
import { handshake, parseAnswer } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";
import { sendAtOnce, type Came } from "./support/storm.js";

/** Milliseconds that each upgrade holds the loop here: more than all of a tick may take. */
const COST = 15;

const PLAIN = handshake();
const NATIVE = handshake("/socket.io/?EIO=4&transport=websocket");
const POLLING =
  "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

describe("clients that come all at once", () => {
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await stopServers();
  });

  /** A server on which every client costs so much. */
  async function startSlow(
    options: BridgeOptions = {},
    more: Partial<ServerOptions> = {},
  ): Promise<BridgeServer> {
    const server = await BridgeServer.start(options, more);
    let ids = 0;
    const generateId = (): string => {
      holdTheLoop(COST);
      return `id-${++ids}`;
    };
    Object.assign(server.io.engine, { generateId });
    return server;
  }

  async function storm(server: BridgeServer, requests: readonly string[]): Promise<Came[]> {
    const all = await sendAtOnce(server, requests);
    sockets.push(...all.map(({ socket }) => socket));
    return all;
  }

  const statuses = async (all: readonly Came[]): Promise<number[]> => {
    await until(() => all.every(({ answer }) => answer.includes("\r\n\r\n")), "answers");
    return all.map(({ answer }) => parseAnswer(answer).status);
  };

  it("are all let in, also by an Engine.IO that ends upgrades soon", async () => {
    const server = await startSlow({}, { destroyUpgradeTimeout: 20 });
    const all = await storm(
      server,
      Array.from({ length: 8 }, () => PLAIN),
    );
    expect(new Set(await statuses(all))).to.deep.equal(new Set([101]));
  });

  it("are let in with Socket.IO's own between them, over each transport", async () => {
    const server = await startSlow();
    const all = await storm(server, [PLAIN, NATIVE, POLLING, PLAIN, NATIVE, POLLING]);
    expect(await statuses(all)).to.deep.equal([101, 101, 200, 101, 101, 200]);
  });

  for (const [title, request] of [
    ["plain clients", PLAIN],
    ["Socket.IO's own over WebSocket", NATIVE],
    ["Socket.IO's own over polling", POLLING],
  ] as const) {
    it(`are told to come back where too many wait: ${title}`, async () => {
      const server = await startSlow({ maxWaitingUpgrades: 2 });
      const errors: unknown[] = [];
      server.io.engine.on("connection_error", (error: { context: object }) => errors.push(error.context));
      const all = await storm(
        server,
        Array.from({ length: 6 }, () => request),
      );
      const answers = await statuses(all);
      const refused = all.filter((_, i) => answers[i] === 503);
      expect(refused.length).to.be.greaterThan(0);
      expect(errors).to.deep.equal(refused.map(() => ({ name: "overloaded" })));
      for (const { answer } of refused) {
        const { headers, body } = parseAnswer(answer);
        expect(headers).to.include({ "retry-after": "5" });
        expect(JSON.parse(body)).to.deep.nested.include({
          "error.code": "overloaded",
          "error.retryAfter": 5_000,
        });
      }
    });
  }

  it("and wait when the server closes, are told so", async () => {
    const server = await startSlow();
    // Connections whose request it has not read yet, Node itself may close without a word.
    let requests = 0;
    const read = new Promise<void>((resolve) =>
      server.http.on("upgrade", () => {
        if (++requests === 6) resolve();
      }),
    );
    const all = await storm(
      server,
      Array.from({ length: 6 }, () => PLAIN),
    );
    await within(read, "all requests");
    const closed = server.io.close();
    const answers = await statuses(all);
    expect(answers).to.include(503);
    expect(all.some(({ answer }) => answer.includes('"shutting_down"'))).to.equal(true);
    for (const { socket } of all) socket.destroy();
    await within(closed, "the server to close");
  });
});
