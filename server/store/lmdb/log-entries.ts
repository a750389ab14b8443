/** The entries of the logs, in one table: 16 bytes of times, and the value. */
import type { Entry } from "../log.js";
import type { Table } from "./lmdb-file.js";
import { numbersKey } from "./lmdb-keys.js";
import { StoreError } from "../store.js";
import { decodeValue } from "../value-codec.js";

const TIMES = 16;

/** Bytes that an entry takes besides its value, about: its key, its times, its head, its key for duplicates. */
export const ENTRY_OVERHEAD = 512;

export class LogEntries {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** @param time What its age counts from. */
  put(log: number, offset: number, at: number, time: number, value: Buffer): void {
    const times = Buffer.allocUnsafe(TIMES);
    times.writeDoubleBE(at, 0);
    times.writeDoubleBE(time, 8);
    void this.#table.put(numbersKey(log, offset), Buffer.concat([times, value]));
  }

  /** With the size of its value in bytes. @throws StoreError "damaged" if it is missing. */
  get(log: number, offset: number): { entry: Entry; bytes: number } {
    const stored = this.#read(log, offset);
    const entry = { offset, value: decodeValue(stored.subarray(TIMES)), at: stored.readDoubleBE(0) };
    return { entry, bytes: stored.length - TIMES };
  }

  /** What the age of an entry counts from. @throws StoreError "damaged" if it is missing. */
  timeAt(log: number, offset: number): number {
    return this.#read(log, offset).readDoubleBE(8);
  }

  remove(log: number, from: number, to: number): void {
    for (let offset = from; offset < to; offset++) void this.#table.remove(numbersKey(log, offset));
  }

  #read(log: number, offset: number): Buffer {
    const stored = this.#table.get(numbersKey(log, offset));
    if (stored !== undefined) return stored;
    throw new StoreError(
      "damaged",
      `Entry ${offset} of a log is missing in the store. Put back a backup, or start with an empty data folder.`,
    );
  }
}
