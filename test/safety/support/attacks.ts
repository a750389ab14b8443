/** What strangers did to others on a server with default settings: one list, for the test and for the table in docs/limits.md. */
import { setTimeout as delay } from "node:timers/promises";
import type { Attack, Neighbours } from "./neighbours.js";

export interface NamedAttack {
  name: string;
  /** Before anything is measured. */
  prepare: (server: Neighbours) => Promise<void>;
  attack: Attack;
}

/** Messages and bytes of each, in the room that is read. */
const KEPT = 500;
const KEPT_BYTES = 1_500;

const fill = (server: Neighbours): Promise<void> => server.fill("full", KEPT_BYTES, KEPT);

/** Until the attack is to end. */
async function every(
  milliseconds: number,
  signal: AbortSignal,
  act: () => Promise<void> | void,
): Promise<void> {
  while (!signal.aborted) {
    await act();
    await delay(milliseconds);
  }
}

export const ATTACKS: readonly NamedAttack[] = [
  {
    name: "one connection pipelines 900 calls of history, and reads nothing",
    prepare: fill,
    attack: async (server) => {
      const attacker = await server.enter("full");
      attacker.ws.pause();
      attacker.pipeline("history", { room: "full", limit: 500 }, 900);
    },
  },
  {
    name: "one connection pipelines 900 joins with since",
    prepare: fill,
    attack: async (server) => {
      const attacker = await server.connect();
      const joined = await attacker.call("join", { room: "full" });
      if (!joined.ok) throw new Error("the attacker could not join");
      const { epoch } = joined["position"] as { epoch: string };
      attacker.ws.pause();
      attacker.pipeline("join", { room: "full", since: { epoch, offset: 0 } }, 900);
    },
  },
  {
    name: "four connections read history in a loop",
    prepare: fill,
    attack: async (server, signal) => {
      const attackers = await Promise.all(Array.from({ length: 4 }, () => server.enter("full")));
      for (const { ws } of attackers) ws.removeAllListeners("message");
      await every(50, signal, () => {
        for (const attacker of attackers) attacker.pipeline("history", { room: "full", limit: 500 }, 10);
      });
    },
  },
  {
    name: "a user with many devices comes and goes",
    prepare: () => Promise.resolve(),
    attack: async (server, signal) => {
      const devices = await Promise.all(Array.from({ length: 15 }, () => server.enter("honest")));
      const [flapping] = devices;
      await every(20, signal, () => {
        for (let n = 0; n < 20; n++) {
          flapping?.pipeline("leave", { room: "honest" }, 1);
          flapping?.pipeline("join", { room: "honest" }, 1);
        }
      });
    },
  },
  {
    name: "guests fill the inboxes of users who do not exist",
    prepare: () => Promise.resolve(),
    attack: async (server, signal) => {
      const guests = await Promise.all(Array.from({ length: 4 }, () => server.connect()));
      const data = "x".repeat(60_000);
      let n = 0;
      await every(20, signal, () => {
        for (const guest of guests) guest.pipeline("send", { to: `nobody-${n++}`, data }, 2);
      });
    },
  },
];
