/**
 * What a store is opened with in tests: a clock that stands still until a test lets time go by or sets the clock, epochs that
 * count up, and retention that a test sets.
 */
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
  /** Milliseconds since the Unix epoch, as they truly are; the machine was started with it. */
  time = Date.UTC(2026, 0, 1);
  /** Milliseconds by which the clock is ahead of the truth. */
  wrong = 0;
  boot = "boot";
  /** When the machine was started. */
  started = 0;
  /** Of the logs that have no entry in `retentions`. */
  kept: Retention = FOREVER;
  readonly retentions = new Map<string, Retention>();
  #epochs = 0;

  readonly retention = (name: string): Retention => this.retentions.get(name) ?? this.kept;
  readonly now = (): number => this.time + this.wrong;
  readonly uptime = (): number => this.time - this.started;
  readonly newEpoch = (): string => `epoch-${++this.#epochs}`;
}
