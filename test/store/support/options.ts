/** What a store is opened with in tests: a clock that stands still, epochs that count up, and retention that a test sets. */
import type { Retention } from "../../../server/store/log.js";
import type { StoreOptions } from "../../../server/store/store.js";

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
export const KEY_WINDOW = 5 * MINUTE;

/** Keeps everything. */
export const FOREVER: Retention = { count: Infinity, age: Infinity };

/** No limit that a test would reach. */
export const ALL = { entries: Infinity, bytes: Infinity };

export class TestOptions implements StoreOptions {
  readonly keyWindow = KEY_WINDOW;
  /** What `now` gives, in milliseconds since the Unix epoch. */
  time = Date.UTC(2026, 0, 1);
  /** Of the logs that have no entry in `retentions`. */
  kept: Retention = FOREVER;
  readonly retentions = new Map<string, Retention>();
  private epochs = 0;

  readonly retention = (name: string): Retention => this.retentions.get(name) ?? this.kept;
  readonly now = (): number => this.time;
  readonly newEpoch = (): string => `epoch-${++this.epochs}`;
}
