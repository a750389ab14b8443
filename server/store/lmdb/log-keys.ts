/**
 * The keys under which entries were appended, as long as they are remembered. A row is found by the span of time in which its key was taken
 * and a hash of log and key: each is stored once, and those that are over stand together, to be deleted from one end.
 */
import { hash } from "node:crypto";
import type { Table } from "./lmdb-file.js";
import { numbersKey, rowKey } from "./lmdb-keys.js";
import { isOver } from "../retention.js";
import type { Clock } from "../store-clock.js";

export interface KnownKey {
  offset: number;
  /** Of the first append. */
  at: number;
}

/** Milliseconds of one span: for so long, at most, a row is kept after its key is over. Part of the format. */
const SPAN = 5 * 60_000;

/** Bytes of the hash, a part of SHA-256: as hard to meet again as a UUID, for one who tries as well. */
const HASH = 16;

/** Where the parts of a row are: the offset, when it was appended by the store's clock, and `at`. */
const ROW = { offset: 0, time: 6, at: 12, bytes: 20 };

/** Names a key in its log. */
export type KeyHash = Buffer;

export class LogKeys {
  readonly #table: Table;
  readonly #window: number;
  readonly #clock: Clock;
  /** There is no row of a span before this one. */
  #oldest: number;

  constructor(table: Table, window: number, clock: Clock) {
    this.#table = table;
    this.#window = window;
    this.#clock = clock;
    this.#oldest = oldestSpan(table);
  }

  find(key: KeyHash): KnownKey | undefined {
    const newest = spanOf(this.#clock.now());
    const oldest = Math.max(this.#oldest, spanOf(this.#clock.now() - this.#window));
    // The newest row: after its window a key may have been taken again.
    for (let span = newest; span >= oldest; span--) {
      const row = this.#table.get(rowName(span, key));
      if (row === undefined) continue;
      if (isOver(row.readUIntBE(ROW.time, 6), this.#window, this.#clock)) return undefined;
      return { offset: row.readUIntBE(ROW.offset, 6), at: row.readDoubleBE(ROW.at) };
    }
    return undefined;
  }

  put(key: KeyHash, offset: number, at: number): void {
    const now = this.#clock.now();
    putRow(this.#table, key, { offset, at, time: now });
    this.#oldest = Math.min(this.#oldest, spanOf(now));
  }

  /** Forgets keys that are over, at most `limit`. Returns how many. */
  expire(limit: number): number {
    if (!this.#isSpanOver(this.#oldest)) return 0;
    const names = [...this.#table.getKeys({ limit: limit + 1 })];
    const over = names.filter((name, i) => i < limit && this.#isSpanOver(name.readUInt32BE()));
    for (const name of over) void this.#table.remove(name);
    this.#oldest = names[over.length]?.readUInt32BE() ?? Infinity;
    return over.length;
  }

  #isSpanOver(span: number): boolean {
    return isOver((span + 1) * SPAN - 1, this.#window, this.#clock);
  }
}

export function hashOf(log: number, key: string): KeyHash {
  return cut(Buffer.concat([numbersKey(log), rowKey(key)]));
}

/**
 * Takes over the rows of a file of the first format: by log and key in `keys`, and once more by time in `keyTimes`. Inside a
 * transaction.
 */
export function takeOverKeys(old: { keys: Table; keyTimes: Table }, table: Table): void {
  for (const { key, value } of old.keys.getRange()) {
    const [offset, at, time] = [value.readDoubleBE(0), value.readDoubleBE(8), value.readDoubleBE(16)];
    putRow(table, cut(key), { offset, at, time });
  }
  old.keys.clearSync();
  old.keyTimes.clearSync();
}

function putRow(table: Table, key: KeyHash, { offset, at, time }: KnownKey & { time: number }): void {
  const row = Buffer.allocUnsafe(ROW.bytes);
  row.writeUIntBE(offset, ROW.offset, 6);
  row.writeUIntBE(Math.max(0, Math.floor(time)), ROW.time, 6);
  row.writeDoubleBE(at, ROW.at);
  void table.put(rowName(spanOf(time), key), row);
}

function rowName(span: number, key: KeyHash): Buffer {
  const name = Buffer.allocUnsafe(4 + HASH);
  name.writeUInt32BE(span);
  key.copy(name, 4);
  return name;
}

function spanOf(time: number): number {
  return Math.max(0, Math.floor(time / SPAN));
}

function oldestSpan(table: Table): number {
  const [first] = table.getKeys({ limit: 1 });
  return first?.readUInt32BE() ?? Infinity;
}

function cut(bytes: Buffer): KeyHash {
  return hash("sha256", bytes, "buffer").subarray(0, HASH);
}
