/** Work on one thing at a time, in the order in which it was asked for. */

export class KeyedQueue {
  /** The end of the last work on each key; no key is kept without work. */
  readonly #ends = new Map<string, Promise<void>>();

  /** Runs the work when all earlier work of the same key is over, however that ended. */
  run(key: string, work: () => Promise<void>): Promise<void> {
    const before = this.#ends.get(key);
    const result = before === undefined ? work() : before.then(work);
    const over = (): void => {
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    };
    const end: Promise<void> = result.then(over, over);
    this.#ends.set(key, end);
    return result;
  }
}
