/** The store's clock in LMDB, so that what the process before saw go by is not lost. */
import type { Table } from "./lmdb-file.js";
import type { LmdbWriter, Participant } from "./lmdb-writer.js";
import { type KeptClock, StoreClock, type TimeSource } from "../store-clock.js";

const CLOCK = Buffer.from("clock");

/** Milliseconds of which a crash may lose the memory; if the machine stays up, it knows of them. */
const KEEP_INTERVAL = 5_000;

export class LmdbClock extends StoreClock implements Participant {
  readonly #meta: Table;
  #kept = -Infinity;
  #keeping = -Infinity;

  constructor(meta: Table, source: TimeSource, writer: LmdbWriter) {
    const bytes = meta.get(CLOCK);
    super(source, bytes && (JSON.parse(bytes.toString()) as KeptClock));
    this.#meta = meta;
    writer.join(this);
  }

  write(): void {
    if (this.now() - this.#kept < KEEP_INTERVAL) return;
    this.#keeping = this.now();
    this.writeNow();
  }

  /** Inside a transaction. */
  writeNow(): void {
    void this.#meta.put(CLOCK, Buffer.from(JSON.stringify(this.keep())));
  }

  committed(): void {
    this.#kept = this.#keeping;
  }

  rolledBack(): void {
    this.#keeping = this.#kept;
  }
}
