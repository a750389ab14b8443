/** Every way in which a request of the bridge over HTTP is refused (PROTOCOL.md, 12.9, and 1.3 at the opening). */
import { expect } from "chai";
import { REFUSALS, type BridgeOptions } from "../../../bridge/index.js";
import { HTTP_ERRORS } from "../../../bridge/http/errors.js";
import { freePort } from "../../support/free-port.js";
import { until, within } from "../../support/deadline.js";
import { holdTheLoop } from "../../support/hold-the-loop.js";
import { exchange, parseAnswer, type Json } from "../../support/raw-websocket.js";
import { BridgeServer, stopServers } from "../support/bridge-server.js";
import { sendAtOnce } from "../support/storm.js";
import { call, Caller, errorOf, type Reply } from "./support/caller.js";

afterEach(stopServers);

async function connected(options: BridgeOptions = {}): Promise<Caller> {
  return (await Caller.connect(await BridgeServer.start(options))).caller;
}

/** One way to each error, by its name in the table. */
const WAYS: Record<keyof typeof HTTP_ERRORS, () => Promise<Reply>> = {
  badRequest: async () => (await connected()).get({ "Crossroom-Ack": "-1" }),
  noSession: async () => call(Caller.at((await BridgeServer.start()).port), "GET", {}),
  unknownSession: async () => {
    const { port } = await BridgeServer.start();
    return new Caller(Caller.at(port), "other.AAAAAAAAAAAAAAAAAAAAAAAA").get();
  },
  methodNotAllowed: async () => call(Caller.at((await BridgeServer.start()).port), "PUT", {}),
  outOfOrder: async () => (await connected()).post(3, [{ type: "ping" }]),
  superseded: async () => {
    const server = await BridgeServer.start();
    const { caller } = await Caller.connect(server);
    const head =
      `POST /bridge HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCrossroom-Session: ${caller.session}\r\n` +
      `Crossroom-Seq: 1\r\nContent-Length: 1000\r\n\r\n`;
    const first = exchange(server.port, head);
    await until(() => server.connections > 1, "the first POST's connection");
    await call(Caller.at(server.port), "OPTIONS", {}); // so that the server has its head
    await caller.post(1, [{ type: "ping" }]);
    const { status, headers, body } = await first;
    return { status, headers: new Headers(headers), body: body.slice(body.indexOf("{")) };
  },
  closed: async () => {
    const caller = await connected();
    await caller.delete();
    return caller.post(1, [{ type: "ping" }]);
  },
  cannotResume: async () => {
    const server = await BridgeServer.start({ http: { maxReplay: 1_000 } });
    const { caller, socket } = await Caller.connect(server);
    for (let ack = 1; ack < 4; ack++) {
      socket.emit("news", "x".repeat(600));
      await caller.frames(1, ack);
    }
    return caller.get({ "Crossroom-Ack": "1" });
  },
  messageTooBig: async () => (await connected({ maxPayload: 1_000 })).post(1, "x".repeat(1_001)),
  nodeUnreachable: async () => {
    const nowhere = await freePort();
    const peers = (): string => `http://127.0.0.1:${nowhere}`;
    const { port } = await BridgeServer.start({ http: { node: "a", peers } });
    return new Caller(Caller.at(port), "b.AAAAAAAAAAAAAAAAAAAAAAAA").get();
  },
};

describe("the errors of the bridge over HTTP", () => {
  for (const [name, way] of Object.entries(WAYS)) {
    const { status, code } = HTTP_ERRORS[name as keyof typeof HTTP_ERRORS];
    it(`${status} ${code}`, async () => {
      const reply = await way();
      expect([reply.status, errorOf(reply).code]).to.deep.equal([status, code]);
      expect(reply.headers.get("cache-control")).to.equal("no-store, no-transform");
      expect(reply.headers.get("x-accel-buffering")).to.equal("no");
      expect(reply.headers.get("x-content-type-options")).to.equal("nosniff");
    });
  }

  it("say how many lines came where some are missing, and with what a session was closed", async () => {
    expect(errorOf(await WAYS.outOfOrder()).received).to.equal(1);
    expect(errorOf(await WAYS.closed()).close).to.deep.equal({ code: 1000, reason: "" });
  });
});

describe("the refusals of an opening over HTTP are those of an upgrade", () => {
  const opening = async (options: BridgeOptions, headers = {}): Promise<Reply> =>
    call(Caller.at((await BridgeServer.start(options)).port), "POST", headers);

  const refusals: [keyof typeof REFUSALS, () => Promise<Reply>][] = [
    ["unauthorized", () => opening({ authenticate: () => false })],
    ["forbidden", () => opening({ authenticate: () => ({ status: 403 }) })],
    ["originNotAllowed", () => opening({ allowedOrigins: [] }, { Origin: "https://evil.example" })],
    [
      "upgradeTimeout",
      () => opening({ upgradeTimeout: 20, authenticate: () => new Promise(() => undefined) }),
    ],
    [
      "tooManyFromAddress",
      async () => {
        const { port } = await BridgeServer.start({ maxConnectionsPerAddress: 1 });
        await Caller.open(port);
        return call(Caller.at(port), "POST", {});
      },
    ],
    [
      "tooManyConnections",
      async () => {
        const server = await BridgeServer.start({ maxConnections: 1 });
        await server.open(); // a WebSocket: both are counted alike
        return call(Caller.at(server.port), "POST", {});
      },
    ],
    [
      "overloaded",
      async () => {
        // Those that come in one tick: the first takes all of the time that there is, one may wait, and the third is one too many.
        const authenticate = (): boolean => {
          holdTheLoop(15);
          return true;
        };
        const server = await BridgeServer.start({ maxWaitingUpgrades: 1, authenticate });
        const head = "POST /bridge HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        const all = await sendAtOnce(server, [head, head, head]);
        await until(() => all.every(({ socket }) => socket.destroyed), "all to be answered");
        const refused = all.map(({ answer }) => parseAnswer(answer)).filter(({ status }) => status !== 201);
        expect(refused).to.have.length(1);
        const { status, headers, body } = refused[0]!;
        return { status, headers: new Headers(headers), body };
      },
    ],
    [
      "shuttingDown",
      async () => {
        let asked = (): void => undefined;
        const asking = new Promise<void>((resolve) => (asked = resolve));
        const server = await BridgeServer.start({
          authenticate: () => {
            asked();
            return new Promise(() => undefined);
          },
        });
        const reply = call(Caller.at(server.port), "POST", {});
        await within(asking, "the hook to be asked");
        server.http.close();
        return reply;
      },
    ],
  ];
  for (const [name, way] of refusals) {
    const { status, code } = REFUSALS[name];
    it(`${status} ${code}`, async () => {
      const reply = await way();
      expect([reply.status, errorOf(reply).code]).to.deep.equal([status, code]);
      const { retryAfter } = REFUSALS[name] as { retryAfter?: number };
      expect(errorOf(reply).retryAfter).to.equal(retryAfter);
      const seconds = reply.headers.get("retry-after");
      expect(seconds).to.equal(retryAfter === undefined ? null : String(retryAfter / 1_000));
    });
  }

  it("are told to the application with connection_error", async () => {
    const server = await BridgeServer.start({ authenticate: () => false });
    const told = new Promise<Json>((resolve) => server.io.engine.once("connection_error", resolve));
    await call(Caller.at(server.port), "POST", {});
    expect((await told)["context"]).to.deep.equal({ name: "unauthorized" });
  });

  it("a place is free again when its session has ended", async () => {
    const server = await BridgeServer.start({ maxConnections: 1, http: { resumeTimeout: 50 } });
    const first = await Caller.open(server.port);
    await first.delete();
    await Caller.open(server.port); // which nobody reads: it ends by itself
    await until(() => server.bridge.clientsCount === 0, "the end of the one that nobody reads");
    expect((await call(Caller.at(server.port), "POST", {})).status).to.equal(201);
  });

  it("a middleware of the engine that answers by itself has answered", async () => {
    const server = await BridgeServer.start();
    server.io.engine.use(
      (_request: unknown, response: { writeHead: (n: number) => { end: (s: string) => void } }) =>
        response.writeHead(418).end("teapot"),
    );
    const reply = await call(Caller.at(server.port), "POST", {});
    expect([reply.status, reply.body]).to.deep.equal([418, "teapot"]);
    expect(server.bridge.clientsCount).to.equal(0);
  });
});
