/** The numbers of guests' tokens, in LMDB. */
import { show, type GuestRow, type GuestTokens, type Shown } from "../guest-tokens.js";
import type { Lifetime } from "../lifetime.js";
import type { Table } from "./lmdb-file.js";
import { rowKey } from "./lmdb-keys.js";
import type { LmdbWriter } from "./lmdb-writer.js";
import type { Clock } from "../store-clock.js";
import { sweepRows } from "./lmdb-sweep.js";

export class LmdbGuestTokens implements GuestTokens {
  readonly #table: Table;
  readonly #lifetime: Lifetime;
  readonly #writer: LmdbWriter;
  readonly #clock: Clock;

  constructor(table: Table, lifetime: Lifetime, writer: LmdbWriter, clock: Clock) {
    this.#table = table;
    this.#lifetime = lifetime;
    this.#writer = writer;
    this.#clock = clock;
  }

  show(user: string, number: number): Promise<Shown> {
    return this.#lifetime.run(() =>
      this.#writer.submit(() => {
        const { row, shown } = show(this.#find(user), number, this.#clock.now());
        this.#put(user, row);
        return shown;
      }),
    );
  }

  end(user: string): Promise<void> {
    return this.#lifetime.run(() =>
      this.#writer.submit(() =>
        this.#put(user, { shown: 0, given: 0, ended: true, seen: this.#clock.now() }),
      ),
    );
  }

  sweep(cutoff: number): Promise<void> {
    return this.#lifetime.run(() =>
      sweepRows(this.#table, this.#lifetime, this.#writer, (bytes) => decode(bytes).seen <= cutoff),
    );
  }

  #find(user: string): GuestRow | undefined {
    const bytes = this.#table.get(rowKey(user));
    return bytes && decode(bytes);
  }

  #put(user: string, row: GuestRow): void {
    void this.#table.put(rowKey(user), Buffer.from(JSON.stringify(row)));
  }
}

function decode(bytes: Buffer): GuestRow {
  return JSON.parse(bytes.toString()) as GuestRow;
}
