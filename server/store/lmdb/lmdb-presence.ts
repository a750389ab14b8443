/** Presence in memory, with its rows written behind: soon on disk, but nobody waits for it. */
import type { Lifetime } from "../lifetime.js";
import type { Table } from "./lmdb-file.js";
import { numbersKey } from "./lmdb-keys.js";
import type { LmdbWriter, Participant } from "./lmdb-writer.js";
import { type KeptRow, keptRow, PresenceCore, type Row } from "../memory/presence-core.js";
import { MemoryPresence } from "../memory/memory-presence.js";

export class LmdbPresence extends MemoryPresence implements Participant {
  readonly #table: Table;
  /** Rows that changed since they were written. */
  #changed = new Set<Row>();
  #written = new Set<Row>();

  constructor(lifetime: Lifetime, table: Table, writer: LmdbWriter) {
    const core = new PresenceCore((row) => {
      this.#changed.add(row);
      writer.wake();
    });
    core.load([...table.getRange()].map(({ value }) => JSON.parse(value.toString()) as KeptRow));
    super(lifetime, core);
    this.#table = table;
    writer.join(this);
  }

  write(): void {
    for (const row of this.#changed) {
      const key = numbersKey(row.serial);
      const kept = keptRow(row);
      if (kept === undefined) void this.#table.remove(key);
      else void this.#table.put(key, Buffer.from(JSON.stringify(kept)));
    }
    this.#written = this.#changed;
    this.#changed = new Set();
  }

  committed(): void {
    this.#written.clear();
  }

  /** What could not be written is written with the next batch. */
  rolledBack(): void {
    for (const row of this.#written) this.#changed.add(row);
    this.#written.clear();
  }
}
