/** What the orchestrator asks its child processes, and what they answer. */
import type { RoomSettings } from "../../server/index.js";
import type { Usage } from "../shared/usage.js";
import type { LoopDelay } from "./loop-watch.js";
import type { LogOperation, RefusalKind } from "./results.js";
import type { StoreName } from "./settings.js";

/** What a rooms server is started with, as JSON on its command line. */
export interface ServerSetup {
  store: StoreName;
  folder: string;
  /** Bytes that the store may have. Default: no limit. */
  maxBytes?: number;
  /** Beside the defaults. */
  room?: Partial<RoomSettings>;
  /** Whether each user may publish once, and then never again. */
  isSlow?: boolean;
  /** Bytes of a message's data. */
  messageBytes?: number;
  /** Milliseconds that who is cut off counts as there. Default: the server's. */
  presenceGrace?: number;
}

/** To a rooms server. */
export type ServerQuestion =
  /** Answer: `ServerUsage`. */
  | { ask: "usage"; gc: boolean }
  /** Watch the loop and the memory from now on. Answer: `Done`. */
  | { ask: "watch" }
  /** Answer: `Watched`. */
  | { ask: "watched" };

export interface ServerUsage extends Usage {
  /** Bytes of JavaScript's heap that are used. */
  heap: number;
  /** Open ones of the process. */
  descriptors: number;
}

export interface Watched {
  loop: LoopDelay;
  /** The most resident memory that was seen, bytes. */
  peakRss: number;
}

/** To a process with clients. */
export type LoadQuestion =
  /** Have `count` clients come in, each to the room `name(index / roomSize)`. Answer: `Done`. */
  | { ask: "come"; group: string; port: number; count: number; roomSize: number }
  /** Cut the first `count` of them off. Answer: `Done`. */
  | { ask: "cut"; group: string; count: number }
  /** Have clients ready to publish what is refused so. Answer: `Done`. */
  | { ask: "callers"; group: string; port: number; count: number; kind: RefusalKind }
  /** Have each of them publish `each` times, one after the other. Answer: `Done`. */
  | { ask: "call"; group: string; each: number }
  /** Have a user get `items` items, and ack each. Answer: `AcksResult`. */
  | { ask: "acks"; port: number; items: number }
  /** Mixed load, until it is stopped. Answer: `Done`. */
  | { ask: "mix"; port: number }
  /** Answer: `MixResult`. */
  | { ask: "mixed" };

export interface AcksResult {
  /** From the first ack that is sent to the last that is answered. */
  milliseconds: number;
}

export interface MixResult {
  /** Calls that were answered since it began. */
  calls: number;
}

/** To a process that fills a data folder, which it closes then. Answer: `Done`. */
export type FillQuestion =
  { ask: "idle logs"; folder: string; logs: number } | { ask: "one log"; folder: string; entries: number };

/** To the process with ids. */
export type IdsQuestion =
  /** Append until ids are swept as fast as they are taken. Answer: `Done`. */
  | { ask: "warm" }
  /** Answer: `{ cpuMicros }`. */
  | { ask: "sample"; withIds: boolean }
  /** Ends the stores. Answer: `{ bytesEach }`. */
  | { ask: "disk" };

/** To a process with logs. */
export type LogsQuestion =
  /** Answer: `LogsResult`. */
  | { ask: "sample"; store: StoreName; entries: number }
  /** Answer: `{ cpuMicros }`. */
  | { ask: "heads"; store: StoreName; logs: number };

export type LogsResult = Record<LogOperation, number>;

/** To a process that lets a log go: `entries` of it are there, in the folder where it is that of LMDB. Answer: `TrimResult`. */
export interface TrimQuestion {
  ask: "trim";
  store: StoreName;
  folder: string;
  entries: number;
}

export interface TrimResult {
  loop: LoopDelay;
}
