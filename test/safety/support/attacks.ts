/**
 * What strangers did to others on a server with default settings: one list, for the test and for the table in docs/limits.md. Where
 * the ways to the server differ, the attackers come by all of them.
 */
import type { Neighbours } from "./neighbours.js";
import { Outsider, WAYS, type Target, type Way } from "./outsider.js";

/** Begins, and resolves when it is under way; it goes on until its process is killed. */
export type Attack = (target: Target) => Promise<void>;

export interface NamedAttack {
  name: string;
  /** Flags and variables of the server's, beside the defaults. */
  args?: readonly string[];
  env?: Record<string, string>;
  /** Before anything is measured. */
  prepare?: (server: Neighbours) => Promise<void>;
  attack: Attack;
}

const WEBSOCKETS = ["bridge", "websocket"] as const;

/** The memory of a small machine. */
const SMALL_HEAP = { NODE_OPTIONS: "--max-old-space-size=256" };

/** A room of which an answer has as much as one can have: the room "full". */
const fill = (server: Neighbours): Promise<void> => server.fill("full", 1_500, 500);

/** The largest `data` that a publish may have, and nested JSON of three times its size: it is refused, but costs the most to read. */
const LARGE = "x".repeat(60_000);
const NESTED = `[${times(60_000, () => "[]").join(",")}]`;

/** Milliseconds between two acts of those who act all the time. */
const PACE = 20;

function times<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

/** As many connections as let themselves be made, in so many ways. */
async function crowd(
  count: number,
  ways: readonly Way[],
  target: Target,
  auth: object = {},
): Promise<Outsider[]> {
  const connect = (n: number): Promise<Outsider> =>
    Outsider.connect(ways[n % ways.length] ?? "bridge", target, auth);
  const made = await Promise.allSettled(times(count, connect));
  return made.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

async function members(
  count: number,
  ways: readonly Way[],
  target: Target,
  room: string,
): Promise<Outsider[]> {
  const clients = await crowd(count, ways, target);
  await Promise.all(clients.map((client) => client.call("join", { room })));
  return clients;
}

/** Has all of them act again and again, and puts others in the place of those that were sent away. */
function always(clients: Outsider[], target: Target, act: (client: Outsider, n: number) => void): void {
  let count = 0;
  setInterval(() => {
    clients.forEach((client, n) => {
      if (client.isOpen) act(client, count++);
      else {
        void Outsider.connect(client.way, target).then(
          (another) => (clients[n] = another),
          () => undefined,
        );
      }
    });
  }, PACE);
}

/** Comes and goes for ever. */
function flap(way: Way, target: Target, auth: object): void {
  const again = (): void => flap(way, target, auth);
  void Outsider.connect(way, target, auth)
    .then(
      (client) => client.close(),
      () => undefined,
    )
    .then(() => setImmediate(again));
}

export const ATTACKS: readonly NamedAttack[] = [
  {
    name: "connections pipeline 900 calls of history each, and read nothing",
    prepare: fill,
    attack: async (target) => {
      for (const attacker of await members(WAYS.length, WAYS, target, "full")) {
        attacker.stopReading();
        attacker.pipeline("history", { room: "full", limit: 500 }, 900);
      }
    },
  },
  {
    name: "connections pipeline 900 joins with since each, and read nothing",
    prepare: fill,
    attack: async (target) => {
      for (const attacker of await crowd(WAYS.length, WAYS, target)) {
        const answer = await attacker.call("join", { room: "full" });
        if (!answer.ok) throw new Error("the attacker could not join");
        const { epoch } = answer["position"] as { epoch: string };
        attacker.stopReading();
        attacker.pipeline("join", { room: "full", since: { epoch, offset: 0 } }, 900);
      }
    },
  },
  {
    name: "connections join, leave and read in a loop",
    prepare: fill,
    attack: async (target) => {
      always(await members(4, WEBSOCKETS, target, "full"), target, (attacker) => {
        attacker.pipeline("history", { room: "full", limit: 500 }, 4);
        attacker.pipeline("presence", { room: "full" }, 4);
        attacker.pipeline("leave", { room: "full" }, 1);
        attacker.pipeline("join", { room: "full", history: 500 }, 1);
        attacker.pipeline("inbox", {}, 1);
      });
    },
  },
  {
    name: "a user comes with 300 connections, and one of them joins and leaves",
    attack: async (target) => {
      const [first] = await crowd(1, WEBSOCKETS, target);
      const devices = await crowd(299, WEBSOCKETS, target, { token: first?.token });
      for (const device of devices) void device.call("join", { room: "honest" });
      setInterval(() => {
        first?.pipeline("join", { room: "honest" }, 10);
        first?.pipeline("leave", { room: "honest" }, 10);
      }, PACE);
    },
  },
  {
    name: "sessions with many large calls under way stop polling, and the heap has 256 MB",
    env: SMALL_HEAP,
    prepare: fill,
    attack: async (target) => {
      for (const session of await members(40, ["polling"], target, "full")) {
        session.stopReading();
        session.pipeline("history", { room: "full", limit: 500 }, 1);
        session.pipeline("publish", { room: "full", data: LARGE }, 25);
        session.pipeline("history", { room: "full", limit: 500 }, 50);
      }
    },
  },
  {
    name: "connections publish nested arrays that are refused, as fast as they can",
    attack: async (target) => {
      always(await members(6, WAYS, target, "elsewhere"), target, (attacker, n) => {
        const call = attacker.encode("publish", { room: "elsewhere", data: 0 }, n);
        attacker.send(call.replace('"data":0', `"data":${NESTED}`));
      });
    },
  },
  {
    name: "guests fill the inboxes of users who do not exist",
    attack: async (target) => {
      always(await crowd(4, WEBSOCKETS, target), target, (guest, n) => {
        guest.pipeline("send", { to: `nobody-${n}`, data: LARGE }, 2);
      });
    },
  },
  {
    name: "ten strangers fill one inbox",
    attack: async (target) => {
      always(await crowd(10, WEBSOCKETS, target), target, (stranger) => {
        stranger.pipeline("send", { to: "somebody", data: "x" }, 5);
      });
    },
  },
  {
    name: "guests publish all that they may in a room with pollers that do not poll",
    attack: async (target) => {
      for (const slow of await members(50, ["polling"], target, "crowded")) slow.stopReading();
      always(await members(3, WEBSOCKETS, target, "crowded"), target, (guest) => {
        guest.pipeline("publish", { room: "crowded", data: LARGE }, 2);
      });
    },
  },
  {
    name: "connections come and go as fast as they can",
    attack: (target) => {
      for (let n = 0; n < 24; n++) flap(WAYS[n % WAYS.length] ?? "bridge", target, {});
      return Promise.resolve();
    },
  },
  {
    name: "clients connect with 100 kB of auth and a token that is none",
    attack: (target) => {
      const auth = { token: "eyJhbGciOiJIUzI1NiJ9.".repeat(300), more: times(30_000, () => []) };
      for (let n = 0; n < 8; n++) flap(WEBSOCKETS[n % 2] ?? "bridge", target, auth);
      return Promise.resolve();
    },
  },
  {
    name: "connections ask for many namespaces, and for one many times",
    attack: async (target) => {
      always(await crowd(6, WEBSOCKETS, target), target, (attacker, n) => {
        for (let times = 0; times < 5; times++) attacker.askFor(`/${n}-${times}`);
        if (n % 10 === 0) for (let times = 0; times < 50; times++) attacker.askFor(`/${n}`);
      });
    },
  },
  {
    name: "guests behind one proxy with the others use up all that an address may have",
    args: ["--trust-proxy", "loopback"],
    attack: async (target) => {
      always(await members(60, WEBSOCKETS, target, "elsewhere"), target, (guest) => {
        guest.pipeline("publish", { room: "elsewhere", data: "x" }, 3);
        guest.pipeline("history", { room: "elsewhere" }, 1);
      });
    },
  },
  {
    name: "clients are refused and sent away in any way there is",
    attack: async (target) => {
      flap("bridge", target, { token: "none" });
      flap("websocket", target, { token: "none" });
      always(await crowd(4, WEBSOCKETS, target), target, (client, n) => {
        client.pipeline("publish", { room: "nowhere", data: "x" }, 20);
        if (n % 40 === 0) client.pipeline("unknown", {}, 2_000);
        if (n % 40 === 1) for (let times = 0; times < 30; times++) client.send("{");
      });
    },
  },
];
