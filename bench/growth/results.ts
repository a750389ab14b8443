/** What the benchmark gives: samples of all rounds, in their order. What was not measured is an empty list. */
import type { StoreName } from "./settings.js";

export interface Results {
  machine: { node: string; cores: number };
  /** Resident memory for each idle connection; 1 kilobyte is 1,000 bytes. */
  idle: { store: StoreName; connections: number; kilobytes: number }[];
  /** Percent of a core that a server uses which nobody uses, and by how much its loop is late: one sample for each window since its start. */
  upkeep: { logs: number; windowSeconds: number; corePercent: number[]; loopMilliseconds: number[] }[];
  /** Microseconds of CPU for each append while ids are swept as fast as they are taken. */
  ids: { ids: number; withIds: number[]; without: number[]; bytesEach: number }[];
  /** Half of a room is cut off: by how much the loop was late, and by how much memory grew. */
  disconnect: {
    store: StoreName;
    members: number;
    loopMilliseconds: number[];
    rssMegabytes: number[];
  }[];
  acks: { store: StoreName; perSecond: number[] }[];
  /** Microseconds of the server's CPU for each publish, the good ones too. */
  refusals: { kind: RefusalKind; cpuMicros: number[] }[];
  /** Microseconds of CPU for each entry appended or read, or each `state`. */
  logs: { store: StoreName; operation: LogOperation; entries: number; cpuMicros: number[] }[];
  /** Microseconds of CPU for each `state()`, of all logs in turn. */
  heads: { store: StoreName; logs: number; cpuMicros: number[] }[];
  /** A log lets go nearly all that it has: by how much the loop was late until it was deleted. */
  trim: { store: StoreName; entries: number; loopMilliseconds: number[] }[];
  /** Of a server under mixed load, in the order of time. */
  mixed: MixedSample[];
}

export interface MixedSample {
  minutes: number;
  /** What is reachable: measured after garbage was collected. */
  heapMegabytes: number;
  rssMegabytes: number;
  /** Open ones of the process: connections, files, and the like. */
  descriptors: number;
  /** Calls that were answered so far. */
  calls: number;
}

/** The publish that is taken, and those that are not. */
export const REFUSAL_KINDS = {
  good: "taken",
  not_joined: "not in the room",
  room_full: "not in the room, which is full",
  forbidden: "may not publish there",
  message_too_large: "too large",
  invalid_argument: "not a call",
  rate_limited: "one too many",
  unavailable: "the store is full",
} as const;
export type RefusalKind = keyof typeof REFUSAL_KINDS;

export const LOG_OPERATIONS = {
  append: "append",
  state: "state",
  newest: "the newest 100",
  since: "the last 1,000, since a position",
} as const;
export type LogOperation = keyof typeof LOG_OPERATIONS;
