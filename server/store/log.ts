/**
 * The port of what is kept: ordered logs, one for each room and one for each inbox. The log is the truth; a broadcast is
 * only a hint that there is more of it.
 */
import type { Position } from "../api/types.js";
import type { Clock } from "./store-clock.js";

/** Something to append. */
export interface Draft {
  /** Any JSON value, which may hold binary (Buffer, typed array, ArrayBuffer: read back as Buffer). Kept exactly. */
  value: unknown;
  /** `value` as JSON, from one who has made that already: what JSON.stringify makes of it. Not where it holds binary. */
  json?: string;
  /** Milliseconds since the Unix epoch. For those who read it: the entry's age counts by the store's own clock. */
  at: number;
  /** Appending with the same key again, within the window, gives the first result and appends nothing. */
  key?: string;
  /** Refuses the append if the log keeps this many entries already. */
  limit?: number;
  /**
   * The part of the bytes that the store may have, from 0 to 1, that must be left after it; for a store without such a bound
   * there is none. Where it would not be left, the append rejects as if the store was full.
   */
  reserve?: number;
}

/** An append that was done, now or before. */
export interface Appended {
  /** Of the entry. */
  position: Position;
  /** The `at` of the first append. */
  at: number;
  duplicate: boolean;
}

export interface Entry {
  offset: number;
  value: unknown;
  at: number;
}

/** What a log holds. For one that was never appended to: `first` 1, `last` 0. */
export interface LogState {
  epoch: string;
  /** Offset of the oldest entry that is kept; `last + 1` where none is. */
  first: number;
  /** Offset of the newest entry that there ever was. */
  last: number;
}

/** Entries in the order of their offsets, with no gap between them, and the state at the moment of reading. */
export interface Page {
  state: LogState;
  entries: Entry[];
}

export interface PageLimits {
  entries: number;
  /** Of the stored values, together. One entry is returned however large it is. */
  bytes: number;
}

/** How much of a log is kept. */
export interface Retention {
  /** Entries; the oldest go first. Infinity: no bound. */
  count: number;
  /** Milliseconds. Infinity: no bound. */
  age: number;
}

export interface LogOptions {
  /** Of a log, by its name. Asked often: cheap. */
  retention: (name: string) => Retention;
  /** Milliseconds in which a key is remembered, counted from the first append. */
  keyWindow: number;
  /** By which ages count. */
  clock: Clock;
  /** A new epoch: never the same twice. */
  newEpoch: () => string;
}

/**
 * Guarantees, of every implementation:
 * - `append` resolves when the entry is kept as durably as the implementation can: what was acked is there after a crash.
 *   It rejects with a StoreError, and then nothing was appended, no offset was used and no key is taken.
 * - Offsets of a log count up by one from 1. Appends to one log get their offsets in the order of the calls, and
 *   resolve in that order: the continuation of one runs before that of the next.
 * - What is read was durably appended: an entry is never seen before its append could resolve.
 * - A position that was given out stays valid: `epoch` changes only if entries or offsets were lost, and when a log
 *   that nobody used for long was removed. A log that was never appended to has an epoch too, and keeps it when it is.
 * - A key is remembered for the window, whether or not its entry is kept so long, and across restarts if the entries are.
 * - Trimming never touches what is younger and fewer than the retention says, however a clock is set meanwhile. It may come
 *   late, by as much as a tenth of `count` and a minute of `age`; but entries past their age are never read.
 */
export interface Log {
  /** "full": the draft's `limit` is reached, and nothing was appended. */
  append(name: string, draft: Draft): Promise<Appended | "full">;
  state(name: string): Promise<LogState>;
  /** The entries after an offset, oldest first: a page of them. */
  after(name: string, offset: number, limits: PageLimits): Promise<Page>;
  /** The entries before an offset, a page of the newest of them, oldest first. Infinity: from the end. */
  before(name: string, offset: number, limits: PageLimits): Promise<Page>;
  /** Drops the entries up to and with an offset; a higher one than `last` drops all. */
  trim(name: string, through: number): Promise<void>;
  /** Names and states of logs whose name begins with `prefix`, in the order of names, after `after`. For people to look at. */
  list(prefix: string, after: string, limit: number): Promise<{ name: string; state: LogState }[]>;
  /** Drops what is past its age, in logs that nobody appends to as well. To be called now and then. */
  sweep(): Promise<void>;
}
