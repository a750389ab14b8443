/** What it takes to give clients back what they missed: of one room, and of thousands after the server was killed. */
import { join } from "node:path";
import { Samples } from "../../shared/statistics.js";
import { LoadProcess, RoomsServerProcess } from "../processes.js";
import type { Condition, Results } from "../results.js";
import { STORES, type Settings, type StoreName } from "../settings.js";

/** Restarted first: what comes after it finds a server whose code is compiled. */
const ORDER: readonly Condition[] = ["lmdb, restarted", "lmdb", "memory"];

/** One client and one room, or many. */
type Kind = "join" | "rooms";

/** Returns that are not counted, before one to a server that was up already. Thousands of rooms need none after the others. */
const WARM_UPS: Readonly<Record<Kind, number>> = { join: 10, rooms: 0 };

export async function measureRecovery(
  settings: Settings,
  say: (line: string) => void,
): Promise<Pick<Results, "join" | "rooms" | "restart">> {
  const { rounds, missed, clients, rooms, missedEach } = settings;
  const samples = new Samples();
  const restarts: number[] = [];
  const ground = await Ground.start(join(settings.folder, "recovery"));
  try {
    for (const store of STORES) {
      say(`recovery: ${clients * rooms} rooms get their messages (${store})`);
      await ground.leave(store, "join", { clients: 1, rooms: 1, messages: missed });
      await ground.leave(store, "rooms", { clients, rooms, messages: missedEach });
    }
    // The round 0 has the code of the memory store's server compiled, and is not counted; the other one is started anew anyway.
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? "recovery: warming up" : `recovery: round ${round} of ${rounds}`);
      for (const kind of ["rooms", "join"] as const) {
        for (const condition of round === 0 ? (["memory"] as const) : ORDER) {
          const restart = condition === "lmdb, restarted" ? await ground.restart() : undefined;
          const milliseconds = await ground.comeBack(kind, condition);
          if (round === 0) continue;
          if (restart !== undefined) restarts.push(restart);
          samples.add(`${kind} ${condition}`, milliseconds);
        }
      }
    }
  } finally {
    await ground.end();
  }
  const conditions = [...ORDER].reverse();
  return {
    join: conditions.map((condition) => ({
      ...{ missed, condition },
      milliseconds: samples.of(`join ${condition}`),
    })),
    rooms: conditions.map((condition) => ({
      ...{ clients, rooms, missedEach, condition },
      seconds: samples.of(`rooms ${condition}`).map((milliseconds) => milliseconds / 1000),
    })),
    restart: { milliseconds: restarts },
  };
}

/** A server with each store, and the clients that were there. */
class Ground {
  readonly #folder: string;
  readonly #load: LoadProcess;
  readonly #servers: Record<StoreName, RoomsServerProcess>;

  private constructor(folder: string, load: LoadProcess, servers: Record<StoreName, RoomsServerProcess>) {
    this.#folder = folder;
    this.#load = load;
    this.#servers = servers;
  }

  static async start(folder: string): Promise<Ground> {
    const load = await LoadProcess.start();
    const memory = await RoomsServerProcess.start("memory", folder);
    const lmdb = await RoomsServerProcess.start("lmdb", folder);
    return new Ground(folder, load, { memory, lmdb });
  }

  async leave(
    store: StoreName,
    kind: Kind,
    absence: { clients: number; rooms: number; messages: number },
  ): Promise<void> {
    await this.#load.leave(this.#servers[store].port, { group: `${store} ${kind}`, ...absence });
  }

  /** Kills the server with the durable store, and starts it on its data. Returns the milliseconds until it listens. */
  async restart(): Promise<number> {
    await this.#servers.lmdb.end();
    const start = performance.now();
    this.#servers.lmdb = await RoomsServerProcess.start("lmdb", this.#folder);
    return performance.now() - start;
  }

  /** Milliseconds: for one room from its `join` alone, for many from the first connection. */
  async comeBack(kind: Kind, condition: Condition): Promise<number> {
    const store = condition === "memory" ? "memory" : "lmdb";
    const group = `${store} ${kind}`;
    const { port } = this.#servers[store];
    const warmUps = condition === "lmdb, restarted" ? 0 : WARM_UPS[kind];
    for (let i = 0; i < warmUps; i++) await this.#load.comeBack(group, port);
    const { milliseconds, joinMilliseconds } = await this.#load.comeBack(group, port);
    return kind === "join" ? joinMilliseconds : milliseconds;
  }

  async end(): Promise<void> {
    const { memory, lmdb } = this.#servers;
    await Promise.all([this.#load.end(), memory.end(), lmdb.end()]);
  }
}
