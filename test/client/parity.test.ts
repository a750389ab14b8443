/** The same program over socket.io-client and over the plain client, with the import changed: it must see the same. */
import { expect } from "chai";
import type { Socket as ServerSocket } from "socket.io";
import { io as theirs, type Socket } from "socket.io-client";
import { io as ours } from "../../clients/typescript/src/index.js";
import { QUICK, TestServer } from "./support/bridge.js";
import { EventLog, MANAGER_EVENTS, SOCKET_EVENTS, type Recorded } from "./support/events.js";

type Io = typeof theirs;

interface Stage {
  server: TestServer;
  /** Makes a socket; what it and its manager tell goes to the log. */
  connect: (ns?: string, options?: object) => { socket: Socket; log: EventLog };
}

/** What a program saw, in words that do not depend on the transport. */
type Program = (stage: Stage) => Promise<unknown>;

const CLIENTS: [name: string, io: Io, options: object][] = [
  ["socket.io-client", theirs, { transports: ["websocket"] }],
  // The declared types differ in places (docs/typescript-client.md); this is about what happens.
  ["the plain client", ours as unknown as Io, { WebSocket: QUICK.WebSocket }],
];

async function run(program: Program, io: Io, more: object): Promise<unknown> {
  const server = await TestServer.start();
  const sockets: Socket[] = [];
  const connect: Stage["connect"] = (ns = "/", options = {}) => {
    const quick = { forceNew: true, reconnectionDelay: 10, randomizationFactor: 0 };
    const socket = io(server.url + ns, { ...quick, ...more, ...options });
    sockets.push(socket);
    const log = new EventLog(socket, SOCKET_EVENTS);
    log.listen(socket.io, MANAGER_EVENTS);
    return { socket, log };
  };
  try {
    return await program({ server, connect });
  } finally {
    for (const socket of sockets) socket.disconnect();
    await server.end();
  }
}

/** Events up to one of this name, without their details: name, and reason or message. */
async function upTo(log: EventLog, last: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (;;) {
    const event: Recorded = await log.next();
    seen.push(brief(event));
    if (event[0] === last) return seen;
  }
}

function brief([name, first]: Recorded): unknown[] {
  return first instanceof Error ? [name, first.message] : first === undefined ? [name] : [name, first];
}

function arrival(server: TestServer): Promise<ServerSocket> {
  return new Promise((resolve) => server.io.once("connection", resolve));
}

const PROGRAMS: Record<string, Program> = {
  "connects, sends what was buffered, and leaves": async ({ server, connect }) => {
    const got: unknown[] = [];
    server.io.on("connection", (there) => {
      there.onAny((...args) => got.push(args.slice(0, 2)));
      there.on("ask", (value: unknown, ack: (answer: unknown) => void) => ack([value]));
    });
    const { socket, log } = connect("/", { autoConnect: false });
    const states = [socket.active, socket.connected];
    socket.emit("early", 1);
    socket.volatile.emit("never");
    socket.connect();
    states.push(socket.active, socket.connected);
    const events = await upTo(log, "connect");
    const answer: unknown = await socket.emitWithAck("ask", 2);
    const inTime: unknown = await socket.timeout(1000).emitWithAck("ask", 3);
    socket.disconnect();
    return { got, states, events, answer, inTime, end: log.rest().map(brief), active: socket.active };
  },

  "is disconnected by the server": async ({ server, connect }) => {
    const arriving = arrival(server);
    const { socket, log } = connect();
    const events = await upTo(log, "connect");
    (await arriving).disconnect();
    events.push(...(await upTo(log, "disconnect")));
    return { events, active: socket.active, rest: log.rest().map(brief) };
  },

  "is refused by a middleware": async ({ server, connect }) => {
    server.io.use((_there, next) => next(Object.assign(new Error("no"), { data: { why: 1 } })));
    const { socket, log } = connect();
    const data: unknown[] = [];
    socket.on("connect_error", (error) => data.push((error as Error & { data: unknown }).data));
    return { events: await upTo(log, "connect_error"), data, active: socket.active };
  },

  "loses its connection and comes back": async ({ server, connect }) => {
    const arriving = arrival(server);
    let asked = 0;
    const auth = (callback: (data: object) => void): void => callback({ n: ++asked });
    const { socket, log } = connect("/", { auth });
    const events = await upTo(log, "connect");
    const there = await arriving;
    const again = arrival(server);
    const lost = (socket.emitWithAck("never answered") as Promise<unknown>).catch(
      (error: unknown) => (error as Error).message,
    );
    there.once("never answered", () => there.conn.close());
    events.push(...(await upTo(log, "connect")));
    return { events, lost: await lost, auth: (await again).handshake.auth as unknown, active: socket.active };
  },

  "gives up where there is no server": async ({ connect }) => {
    const { socket, log } = connect("/", { path: "/nowhere", reconnectionAttempts: 2, timeout: 50 });
    const events = await upTo(log, "reconnect_error");
    events.push(...(await upTo(log, "reconnect_failed")), ...(await upTo(log, "reconnect_error")));
    return { events, active: socket.active, rest: log.rest().map(brief) };
  },

  "waits in vain for an ack": async ({ connect }) => {
    const { socket, log } = connect();
    await upTo(log, "connect");
    const failures: Promise<unknown>[] = [
      socket.timeout(20).emitWithAck("x") as Promise<unknown>,
      new Promise((_, reject) =>
        socket.timeout(20).emit("x", (error: Error | null) => reject(error ?? new Error())),
      ),
    ].map((promise) => promise.catch((error: unknown) => (error as Error).message));
    const left = (socket.emitWithAck("x") as Promise<unknown>).catch(
      (error: unknown) => (error as Error).message,
    );
    const messages = await Promise.all(failures);
    socket.disconnect();
    return [...messages, await left];
  },

  "sends with retries, in order": async ({ server, connect }) => {
    const got: unknown[] = [];
    server.io.on("connection", (there) => {
      there.on("n", (n: number, ack: (answer: number) => void) => {
        got.push(n);
        // The first try of each odd number goes unanswered.
        if (n % 2 === 0 || got.filter((other) => other === n).length > 1) ack(n * 10);
      });
    });
    const { socket, log } = connect("/", { autoConnect: false, retries: 2, ackTimeout: 200 });
    const answers = [1, 2, 3].map((n) => socket.emitWithAck("n", n) as Promise<unknown>);
    socket.connect();
    await upTo(log, "connect");
    const answered = await Promise.all(answers);
    // On a busy machine an answer may come too late, and then there is a try more: how many there are is left open.
    const tries = (n: number) => got.filter((other) => other === n).length;
    return {
      answers: answered,
      order: [...new Set(got)],
      isOneByOne: got.every((n, place) => place === 0 || Number(got[place - 1]) <= Number(n)),
      isTriedAgain: tries(1) > 1 && tries(3) > 1,
    };
  },
};

describe("client: parity with socket.io-client", () => {
  for (const [title, program] of Object.entries(PROGRAMS)) {
    it(title, async () => {
      const [expected, actual] = await Promise.all(
        CLIENTS.map(([, io, options]) => run(program, io, options)),
      );
      expect(actual).to.deep.equal(expected);
    });
  }
});
