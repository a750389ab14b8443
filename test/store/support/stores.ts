/** Every kind of store, opened the same way, for suites that hold all of them to one contract. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import { createMemoryStore } from "../../../server/store/memory/memory-store.js";
import type { Store } from "../../../server/store/store.js";
import type { TestOptions } from "./options.js";

/** One store of a kind, for one test. */
export interface Subject {
  store: Store;
  /** As a restart: closes the store and opens it again. Not there for a kind that forgets everything. */
  reopen?: (meanwhile?: () => void) => Promise<void>;
  /** Closes the store and leaves nothing behind. */
  dispose: () => Promise<void>;
}

export interface Kind {
  title: string;
  open: (options: TestOptions) => Promise<Subject>;
}

export const MEMORY: Kind = {
  title: "in memory",
  open: (options) => {
    const store = createMemoryStore(options);
    return Promise.resolve({ store, dispose: () => store.close() });
  },
};

export const LMDB: Kind = {
  title: "in LMDB",
  open: async (options) => {
    const folder = mkdtempSync(join(tmpdir(), "crossroom-store-"));
    const subject: Subject = {
      store: await openLmdbStore(folder, options),
      reopen: async (meanwhile) => {
        await subject.store.close();
        meanwhile?.();
        subject.store = await openLmdbStore(folder, options);
      },
      dispose: async () => {
        await subject.store.close();
        rmSync(folder, { recursive: true });
      },
    };
    return subject;
  },
};

export const KINDS: readonly Kind[] = [MEMORY, LMDB];

/** Calls `body` for each kind of store, with what opens a store before each test and closes it after. */
export function describeStores(title: string, body: (test: StoreTest) => void): void {
  for (const kind of KINDS) {
    describe(`${title} ${kind.title}`, () => {
      body(new StoreTest(kind));
    });
  }
}

/** The store of the test that is running. */
export class StoreTest {
  readonly #kind: Kind;
  #subject: Subject | undefined;
  #current: TestOptions | undefined;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  async open(options: TestOptions): Promise<void> {
    this.#current = options;
    this.#subject = await this.#kind.open(options);
  }

  get store(): Store {
    return this.#opened.store;
  }

  get options(): TestOptions {
    if (this.#current === undefined) throw new Error("the store is not open");
    return this.#current;
  }

  /** As a restart of the server, where the store outlasts one. */
  async restart(meanwhile?: () => void): Promise<void> {
    await this.#opened.reopen?.(meanwhile);
  }

  get outlastsRestart(): boolean {
    return this.#opened.reopen !== undefined;
  }

  async dispose(): Promise<void> {
    await this.#opened.dispose();
    this.#subject = undefined;
  }

  get #opened(): Subject {
    if (this.#subject === undefined) throw new Error("the store is not open");
    return this.#subject;
  }
}
