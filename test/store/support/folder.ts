/** A data folder for one test, and hands that reach into it past the store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Database, open } from "lmdb";
import { orderedKey } from "../../../server/store/lmdb/lmdb-keys.js";
import { StoreError, type StoreErrorCode } from "../../../server/store/store.js";

export class DataFolder {
  /** Is there before each test of the suite that this is made in, and gone after it. */
  path = "";
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor() {
    beforeEach(() => {
      this.path = mkdtempSync(join(tmpdir(), "crossroom-store-"));
    });
    afterEach(async () => {
      for (const end of this.#ends.splice(0).reverse()) await end();
      rmSync(this.path, { recursive: true, force: true });
    });
  }

  /** What is done after the test, before the folder is removed. */
  finally(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  get dataFile(): string {
    return join(this.path, "data.mdb");
  }

  /** Changes what is known of the store as a whole. Not while a store of this process is writing. */
  async editMeta(edit: (meta: Database<Buffer, Buffer>) => void): Promise<void> {
    await this.#withTable("meta", { overlappingSync: false }, (meta) =>
      meta.transactionSync(() => edit(meta)),
    );
  }

  /** A text out of what is known of the store as a whole. */
  readMeta(key: string): Promise<string | undefined> {
    return this.metaOf(this.path, key);
  }

  /** The same out of another folder. */
  metaOf(path: string, key: string): Promise<string | undefined> {
    return this.#withTable(
      "meta",
      { readOnly: true },
      (meta) => meta.get(Buffer.from(key))?.toString(),
      path,
    );
  }

  /** What is known of a log, as text. */
  headOf(path: string, log: string): Promise<string | undefined> {
    return this.#withTable(
      "heads",
      { readOnly: true },
      (heads) => heads.get(orderedKey(log))?.toString(),
      path,
    );
  }

  /** How many rows a table has. */
  rows(table: string): Promise<number> {
    return this.#withTable(table, { readOnly: true }, (rows) => rows.getKeysCount());
  }

  async #withTable<T>(
    name: string,
    options: { overlappingSync: false } | { readOnly: true },
    use: (table: Database<Buffer, Buffer>) => T,
    path = this.path,
  ): Promise<T> {
    const encoding = { keyEncoding: "binary", encoding: "binary" } as const;
    const root = open<Buffer, Buffer>(path, { ...encoding, ...options, noSubdir: false, maxDbs: 16 });
    try {
      return use(root.openDB<Buffer, Buffer>({ name, ...encoding }));
    } finally {
      await root.close();
    }
  }
}

/** Wants a StoreError with this code, whose message has these words. */
export async function expectStoreError(
  promise: Promise<unknown>,
  code: StoreErrorCode,
  ...words: string[]
): Promise<void> {
  const error: unknown = await promise.then(
    () => "resolved",
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(StoreError);
  expect(error).to.include({ code });
  for (const word of words) expect((error as StoreError).message).to.include(word);
}
