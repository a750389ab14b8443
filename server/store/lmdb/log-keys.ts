/**
 * The keys under which entries were appended, as long as they are remembered: by log and key, and once more by time, so that
 * those which are over are found without looking at any other.
 */
import type { Table } from "./lmdb-file.js";
import { numberIn, numbersKey, rowKey } from "./lmdb-keys.js";
import { isOver } from "../retention.js";
import type { Clock } from "../store-clock.js";

export interface KnownKey {
  offset: number;
  /** Of the first append. */
  at: number;
}

/** Of the row of a key: offset, `at`, and when it was appended, by the store's clock. */
const ROW = 24;

export class LogKeys {
  readonly #keys: Table;
  readonly #times: Table;
  readonly #window: number;
  readonly #clock: Clock;
  /** No key that is remembered was appended before this. */
  #oldest = -Infinity;

  constructor(keys: Table, times: Table, window: number, clock: Clock) {
    this.#keys = keys;
    this.#times = times;
    this.#window = window;
    this.#clock = clock;
  }

  find(log: number, key: string): KnownKey | undefined {
    const row = this.#keys.get(keyOf(log, key));
    if (row === undefined || isOver(row.readDoubleBE(16), this.#window, this.#clock)) return undefined;
    return { offset: row.readDoubleBE(0), at: row.readDoubleBE(8) };
  }

  put(log: number, key: string, offset: number, at: number): void {
    const now = this.#clock.now();
    const row = Buffer.allocUnsafe(ROW);
    row.writeDoubleBE(offset, 0);
    row.writeDoubleBE(at, 8);
    row.writeDoubleBE(now, 16);
    void this.#keys.put(keyOf(log, key), row);
    void this.#times.put(numbersKey(Math.max(0, Math.floor(now)), log, offset), keyOf(log, key));
    this.#oldest = Math.min(this.#oldest, now);
  }

  /** Forgets keys that are over, at most `limit`. Returns how many. */
  expire(limit: number): number {
    if (!isOver(this.#oldest, this.#window, this.#clock)) return 0;
    const rows = [...this.#times.getRange({ limit: limit + 1 })];
    this.#oldest = Infinity;
    let count = 0;
    for (const { key: timeKey, value: key } of rows) {
      const time = numberIn(timeKey, 0);
      if (count === limit || !isOver(time, this.#window, this.#clock)) {
        this.#oldest = time;
        break;
      }
      void this.#times.remove(timeKey);
      // After the window the same key may have been taken again, by a later entry.
      if (this.#keys.get(key)?.readDoubleBE(0) === numberIn(timeKey, 2)) void this.#keys.remove(key);
      count += 1;
    }
    return count;
  }
}

function keyOf(log: number, key: string): Buffer {
  return Buffer.concat([numbersKey(log), rowKey(key)]);
}
