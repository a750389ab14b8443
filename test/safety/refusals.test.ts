/** Every way in which the bridge refuses an upgrade (PROTOCOL.md, 1.3). */
import { expect } from "chai";
import { connect } from "node:net";
import { REFUSALS, type BridgeOptions } from "../../bridge/index.js";
import { until, within } from "../support/deadline.js";
import { holdTheLoop } from "../support/hold-the-loop.js";
import { handshake, parseAnswer } from "../support/raw-websocket.js";
import { clientFrame, Opcode } from "../support/wire.js";
import { BridgeServer, refusedOf, stopServers, type Refused } from "./support/bridge-server.js";
import { sendAtOnce } from "./support/storm.js";

let server: BridgeServer;
afterEach(stopServers);

async function refusedBy(options: BridgeOptions, headers: Record<string, string> = {}): Promise<Refused> {
  server = await BridgeServer.start(options);
  return server.refusal(headers);
}

/** One way to each refusal, by its name in the table. */
const WAYS: Record<keyof typeof REFUSALS, () => Promise<Refused>> = {
  badHandshake: () => refusedBy({}, { "Sec-WebSocket-Key": "short" }),
  unauthorized: () => refusedBy({ authenticate: () => false }),
  forbidden: () => refusedBy({ authenticate: () => ({ status: 403 }) }),
  originNotAllowed: () => refusedBy({ allowedOrigins: [] }, { Origin: "https://evil.example" }),
  tooManyFromAddress: async () => {
    server = await BridgeServer.start({ maxConnectionsPerAddress: 1 });
    await server.open();
    return server.refusal();
  },
  tooManyConnections: async () => {
    server = await BridgeServer.start({ maxConnections: 1 });
    await server.open();
    return server.refusal();
  },
  overloaded: async () => {
    // Those that come in one tick: the first takes all of the time that there is for upgrades, one may wait.
    const authenticate = (): boolean => {
      holdTheLoop(15);
      return false;
    };
    server = await BridgeServer.start({ maxWaitingUpgrades: 1, authenticate });
    const all = await sendAtOnce(
      server,
      Array.from({ length: 3 }, () => handshake()),
    );
    await until(() => all.every(({ socket }) => socket.destroyed), "all to be refused");
    const [refused] = all
      .map(({ answer }) => refusedOf(parseAnswer(answer)))
      .filter(({ status }) => status === 503);
    if (refused === undefined) throw new Error("none had to come back");
    return refused;
  },
  upgradeTimeout: () => refusedBy({ upgradeTimeout: 20, authenticate: () => new Promise(() => undefined) }),
  shuttingDown: async () => {
    let admit: (yes: boolean) => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      void BridgeServer.start({
        authenticate: () => {
          resolve();
          return new Promise((answer) => (admit = answer));
        },
      }).then((started) => {
        server = started;
        refused = started.refusal();
      });
    });
    let refused: Promise<Refused> | undefined;
    await within(asked, "the hook to be asked");
    server.http.close();
    admit(true);
    if (refused === undefined) throw new Error("not refused");
    return refused;
  },
};

describe("the refusals of an upgrade", () => {
  it("are each produced by a test", () => {
    expect(Object.keys(WAYS)).to.have.members(Object.keys(REFUSALS));
  });

  for (const [name, way] of Object.entries(WAYS)) {
    const { status, code, description } = REFUSALS[name as keyof typeof REFUSALS];

    it(`${name}: ${status} with a JSON body {"error":{"code":"${code}"}}`, async () => {
      const refused = await way();
      expect(refused).to.include({ status, code });
      expect(refused.headers).to.include({ "content-type": "application/json", connection: "close" });
      // What `ws` finds wrong with a handshake it says itself.
      if (name !== "badHandshake") expect(refused.message).to.equal(description);
      expect(refused.message).not.to.be.empty;
    });
  }

  it("tell a client of another version which one the server speaks (RFC 6455, 4.4)", async () => {
    const refused = await refusedBy({}, { "Sec-WebSocket-Version": "99" });
    expect(refused).to.include({ status: 400, code: "bad_handshake" });
    expect(refused.headers["sec-websocket-version"]).to.equal("13");
  });
});

describe("allowedOrigins", () => {
  const ORIGIN = "https://app.example";

  it("left out, lets every origin in", async () => {
    server = await BridgeServer.start();
    await server.open({ Origin: "https://anywhere.example" });
  });

  it("lets in what equals a string of the list, and no more", async () => {
    server = await BridgeServer.start({ allowedOrigins: [ORIGIN] });
    await server.open({ Origin: ORIGIN });
    for (const Origin of [`${ORIGIN}.evil.example`, "https://APP.example", "null", `${ORIGIN}:8080`]) {
      expect(await server.refusal({ Origin })).to.include({ code: "origin_not_allowed" });
    }
  });

  it("lets in what matches a RegExp of the list, whatever its flags, again and again", async () => {
    server = await BridgeServer.start({
      allowedOrigins: [/^https:\/\/app\.example$/g, /^https:\/\/b\.example$/y],
    });
    for (let times = 0; times < 3; times++) {
      await server.open({ Origin: ORIGIN });
      await server.open({ Origin: "https://b.example" });
      expect(await server.refusal({ Origin: "https://c.example" })).to.include({
        code: "origin_not_allowed",
      });
    }
  });

  it("lets in clients that send no origin", async () => {
    server = await BridgeServer.start({ allowedOrigins: [] });
    await server.open();
  });
});

describe("authenticate", () => {
  const answers: [string, BridgeOptions["authenticate"] & object, Partial<Refused> | "in"][] = [
    ["true, at once", () => true, "in"],
    ["true, later", () => Promise.resolve(true), "in"],
    ["false", () => false, { status: 401, code: "unauthorized" }],
    ["false, later", () => Promise.resolve(false), { status: 401, code: "unauthorized" }],
    [
      "401 with a message",
      () => ({ status: 401, message: "who?" }),
      { status: 401, code: "unauthorized", message: "who?" },
    ],
    [
      "403 with a message, later",
      () => Promise.resolve({ status: 403, message: "not you" } as const),
      { status: 403, code: "forbidden", message: "not you" },
    ],
    [
      "an exception, which the client is not told of",
      () => {
        throw new Error("secret");
      },
      { status: 401, code: "unauthorized", message: REFUSALS.unauthorized.description },
    ],
    [
      "a rejection, which the client is not told of",
      () => Promise.reject(new Error("secret")),
      { status: 401, code: "unauthorized", message: REFUSALS.unauthorized.description },
    ],
    // What a hook in JavaScript may give by mistake lets nobody in.
    ["null", () => null as unknown as boolean, { status: 401, code: "unauthorized" }],
    ["1", () => 1 as unknown as boolean, { status: 401, code: "unauthorized" }],
    ["nothing", () => undefined as unknown as boolean, { status: 401, code: "unauthorized" }],
  ];

  for (const [title, authenticate, expected] of answers) {
    it(`${expected === "in" ? "lets in" : "refuses"} with ${title}`, async () => {
      server = await BridgeServer.start({ authenticate });
      if (expected === "in") await server.open();
      else expect(await server.refusal()).to.include(expected);
    });
  }

  it("may take longer than the second after which Engine.IO ends upgrades", async () => {
    const authenticate = (): Promise<boolean> =>
      new Promise((resolve) => setTimeout(() => resolve(true), 1_200));
    server = await BridgeServer.start({ authenticate });
    await server.open();
  });

  it("what it puts on the request is there as socket.request", async () => {
    const authenticate = (request: object): boolean => Boolean(Object.assign(request, { user: "ada" }));
    server = await BridgeServer.start({ authenticate });
    const { socket } = await server.connect();
    expect(socket.request).to.have.property("user", "ada");
  });

  it("a client that goes away meanwhile is forgotten, and its place is free again", async () => {
    const answers: ((yes: boolean) => void)[] = [];
    let asked: () => void = () => undefined;
    const authenticate = (): Promise<boolean> =>
      new Promise((resolve) => {
        answers.push(resolve);
        asked();
      });
    server = await BridgeServer.start({ maxConnections: 1, authenticate });
    const first = new Promise<void>((resolve) => (asked = resolve));
    const socket = connect(server.port, "127.0.0.1").on("error", () => socket.destroy());
    socket.write(handshake());
    await within(first, "the hook to be asked");
    socket.resetAndDestroy();
    await server.idle();
    answers[0]?.(true);
    asked = () => answers[1]?.(true);
    await server.open();
    expect(server.bridge.clientsCount).to.equal(1);
  });

  it("that answers at once, as all other hooks do, has let the client in before the request's next listener is called", async () => {
    server = await BridgeServer.start(
      { authenticate: () => true },
      { allowRequest: (_request, done) => done(null, true), cors: { origin: "*" } },
    );
    server.io.engine.use((_request: unknown, _response: unknown, next: () => void) => next());
    const counts: number[] = [];
    server.http.on("upgrade", () => counts.push(server.bridge.clientsCount));
    const ws = await server.open({}, clientFrame({ opcode: Opcode.TEXT, payload: '{"type":"connect"}' }));
    expect(counts).to.deep.equal([1]);
    // What came right behind the handshake is not lost.
    expect(await ws.json("connected")).to.include({ type: "connected" });
  });

  it("may answer with what is no promise of JavaScript's own, but has a then", async () => {
    const then = (settle: (yes: boolean) => void): void => void setImmediate(settle, true);
    server = await BridgeServer.start({ authenticate: () => ({ then }) as unknown as Promise<boolean> });
    await server.open();
  });

  it("is not asked for clients whose origin is refused, or for whom there is no place", async () => {
    let asked = 0;
    server = await BridgeServer.start({
      allowedOrigins: [],
      maxConnections: 1,
      authenticate: () => ++asked > 0,
    });
    await server.open();
    await server.refusal({ Origin: "https://evil.example" });
    await server.refusal();
    expect(asked).to.equal(1);
  });
});

describe("places", () => {
  it("of all connections and of each address are given back when a client goes", async () => {
    server = await BridgeServer.start({ maxConnections: 2, maxConnectionsPerAddress: 1 });
    for (let times = 0; times < 5; times++) {
      const ws = await server.open();
      expect(await server.refusal()).to.include({ status: 429 });
      await ws.leave();
      await server.idle();
    }
  });

  it("are counted for each address that addressOf gives", async () => {
    const addressOf = ({ headers }: { headers: Record<string, unknown> }): string =>
      String(headers["x-real-ip"]);
    server = await BridgeServer.start({ maxConnectionsPerAddress: 1, addressOf });
    await server.open({ "X-Real-IP": "192.0.2.1" });
    const { socket } = await server.connect({ "X-Real-IP": "192.0.2.2" });
    expect(socket.conn.remoteAddress).to.equal("192.0.2.2");
    expect(await server.refusal({ "X-Real-IP": "192.0.2.1" })).to.include({ status: 429 });
  });

  it("of refused handshakes are given back", async () => {
    server = await BridgeServer.start({ maxConnections: 1 });
    for (let times = 0; times < 3; times++) {
      expect(await server.refusal({ "Sec-WebSocket-Key": "short" })).to.include({ status: 400 });
      await server.idle();
    }
    await server.open();
  });
});

describe("hooks of the application that fail", () => {
  it("addressOf that throws: the request is forbidden, and the server lives on", async () => {
    const addressOf = ({ headers }: { headers: Record<string, unknown> }): string =>
      (headers["x-forwarded-for"] as string).trim();
    server = await BridgeServer.start({ addressOf });
    expect(await server.refusal()).to.include({ status: 403, code: "forbidden" });
    await server.open({ "X-Forwarded-For": " 192.0.2.1" });
  });

  for (const [title, generateId] of [
    [
      "throws",
      (): string => {
        throw new Error("no id");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no id"))],
  ] as const) {
    it(`io.engine.generateId that ${title}: the request is refused, and the server lives on`, async () => {
      server = await BridgeServer.start();
      Object.assign(server.io.engine, { generateId });
      expect(await server.refusal()).to.include({ status: 401, code: "unauthorized" });
    });
  }

  it("io.engine.generateId that is async is asked once for each client", async () => {
    server = await BridgeServer.start();
    let asked = 0;
    Object.assign(server.io.engine, { generateId: () => Promise.resolve(`id-${++asked}`) });
    const { socket } = await server.connect();
    expect(socket.conn).to.have.property("id", "id-1");
  });
});
