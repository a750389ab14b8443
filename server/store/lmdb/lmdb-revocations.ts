/** Revocations in memory, with a copy in LMDB. */
import type { Lifetime } from "../lifetime.js";
import type { Table } from "./lmdb-file.js";
import { rowKey } from "./lmdb-keys.js";
import type { LmdbWriter } from "./lmdb-writer.js";
import type { Revocation, Revocations, TokenFacts } from "../revocations.js";
import type { Clock } from "../store-clock.js";
import { type KeptRevocation, RevocationSet } from "../memory/memory-revocations.js";

export class LmdbRevocations implements Revocations {
  readonly #table: Table;
  readonly #writer: LmdbWriter;
  readonly #lifetime: Lifetime;
  readonly #clock: Clock;
  readonly #held = new RevocationSet();

  constructor(table: Table, writer: LmdbWriter, lifetime: Lifetime, clock: Clock) {
    this.#table = table;
    this.#writer = writer;
    this.#lifetime = lifetime;
    this.#clock = clock;
    for (const { value } of table.getRange()) this.#held.add(JSON.parse(value.toString()) as KeptRevocation);
  }

  /** One that could not be made durable holds all the same, until a restart: better that than a token too many. */
  add(revocation: Revocation, until: number): Promise<void> {
    return this.#lifetime.run(() => {
      const over = this.#held.expire(this.#clock.now());
      const kept = this.#held.add({ revocation, until });
      return this.#writer.submit(() => {
        for (const gone of over) void this.#table.remove(keyOf(gone));
        void this.#table.put(keyOf(revocation), Buffer.from(JSON.stringify(kept)));
      });
    });
  }

  has(token: TokenFacts): boolean {
    return this.#held.has(token);
  }
}

function keyOf(revocation: Revocation): Buffer {
  return rowKey(revocation.type, revocation.type === "token" ? revocation.id : revocation.user);
}
