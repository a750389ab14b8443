/** The log of the store of the running test, with shorthands. */
import type { Appended, Draft, Log, PageLimits } from "../../../server/store/log.js";
import { ALL, TestOptions } from "./options.js";
import { describeStores, type StoreTest } from "./stores.js";

export class LogTest {
  readonly #test: StoreTest;
  options = new TestOptions();

  /** Opens a store before each test of the suite that this is made in, and closes it after. */
  constructor(test: StoreTest) {
    this.#test = test;
    beforeEach(async () => {
      this.options = new TestOptions();
      await test.open(this.options);
    });
    afterEach(() => test.dispose());
  }

  get log(): Log {
    return this.#test.store.log;
  }

  /** Whether what is appended is there after `restart`. */
  get outlastsRestart(): boolean {
    return this.#test.outlastsRestart;
  }

  /** As a restart of the server, where the store outlasts one. */
  restart(): Promise<void> {
    return this.#test.restart();
  }

  /** Appends at the clock's time. Rejects if the log is full. */
  async append(name: string, value: unknown, draft: Partial<Draft> = {}): Promise<Appended> {
    const appended = await this.log.append(name, { value, at: this.options.now(), ...draft });
    if (appended === "full") throw new Error(`the log ${name} is full`);
    return appended;
  }

  /** Appends the numbers from 1. */
  async appendMany(name: string, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, index) => this.append(name, index + 1)));
  }

  async valuesAfter(name: string, offset = 0, limits: PageLimits = ALL): Promise<unknown[]> {
    const { entries } = await this.log.after(name, offset, limits);
    return entries.map(({ value }) => value);
  }

  async offsetsBefore(name: string, offset: number, limits: PageLimits = ALL): Promise<number[]> {
    const { entries } = await this.log.before(name, offset, limits);
    return entries.map((entry) => entry.offset);
  }
}

/** Calls `body` for the log of each kind of store. */
export function describeLogs(title: string, body: (test: LogTest) => void): void {
  describeStores(title, (test) => body(new LogTest(test)));
}
