/** A queue between what arrives and the test that waits for it, so that nothing is missed. */

/** Milliseconds to wait for what a test expects. */
const DEADLINE = 5_000;

interface Waiting<T> {
  isWanted: (item: T) => boolean;
  take: (item: T) => void;
}

export class Inbox<T> {
  readonly #items: T[] = [];
  #waiting: Waiting<T>[] = [];

  /** What has come and was not taken. */
  get left(): readonly T[] {
    return this.#items;
  }

  put(item: T): void {
    const waiting = this.#waiting.find(({ isWanted }) => isWanted(item));
    if (waiting === undefined) {
      this.#items.push(item);
      return;
    }
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    waiting.take(item);
  }

  /** The next item, now or when it comes. Rejects at the deadline. */
  next(what = "something"): Promise<T> {
    return this.nextOf(() => true, what);
  }

  /** The first item that is wanted, of those that have come or will. The others stay. Rejects at the deadline. */
  nextOf(isWanted: (item: T) => boolean, what: string): Promise<T> {
    const index = this.#items.findIndex(isWanted);
    if (index !== -1) return Promise.resolve(...(this.#items.splice(index, 1) as [T]));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(
          new Error(`waited ${DEADLINE} ms for ${what}; came: ${JSON.stringify(this.#items).slice(0, 500)}`),
        );
      }, DEADLINE);
      const waiting: Waiting<T> = {
        isWanted,
        take: (item) => {
          clearTimeout(timer);
          resolve(item);
        },
      };
      this.#waiting.push(waiting);
    });
  }
}
