/** What the benchmark gives: all samples, one for each round, in the order of the rounds. */
import type { Protocol } from "../shared/wires.js";
import type { Operation } from "./operations.js";
import type { StoreName } from "./settings.js";

/** Which server a client comes back to: the one that it left, or one that was killed and started again meanwhile. */
export type Condition = StoreName | "lmdb, restarted";

export interface Results {
  machine: {
    node: string;
    cores: number;
    /** Processes that wanted to run, on average over a minute (`uptime`), before the first measurement and after the last. */
    load: { before: number; after: number };
    /** Milliseconds for 4 KiB to be on the disk. */
    syncMilliseconds: number[];
    /** Whether the data folder is in memory: then "durable" means nothing here. */
    isInMemory: boolean;
  };
  publish: {
    protocol: Protocol;
    publishers: number;
    store: StoreName;
    /** Publishes acked a second. */
    perSecond: number[];
    /** Microseconds of the server's CPU, all its threads, for each. */
    cpuMicros: number[];
  }[];
  /** The store without a server: appends a second, and microseconds of CPU for each. */
  append: { appenders: number; store: StoreName; perSecond: number[]; cpuMicros: number[] }[];
  /** One client joins one room `since` a position. */
  join: { missed: number; condition: Condition; milliseconds: number[] }[];
  /** All clients come back at the same time, to all their rooms. */
  rooms: { clients: number; rooms: number; missedEach: number; condition: Condition; seconds: number[] }[];
  /** From a server's start on its data until it listens. */
  restart: { milliseconds: number[] };
  /** Microseconds for each message, in a log of so many: by the clock, and of CPU. */
  growth: { operation: Operation; messages: number; micros: number[]; cpuMicros: number[] }[];
}
