/** A queue between what arrives and the test that waits for it, so that nothing is missed. */

/** Milliseconds to wait for what a test expects. */
const DEADLINE = 5_000;

export class Inbox<T> {
  private readonly items: T[] = [];
  private waiting: ((item: T) => void) | undefined;

  /** What has come and was not taken. */
  get left(): readonly T[] {
    return this.items;
  }

  put(item: T): void {
    const waiting = this.waiting;
    this.waiting = undefined;
    if (waiting === undefined) this.items.push(item);
    else waiting(item);
  }

  /** The next item, now or when it comes. Rejects at the deadline. */
  next(what = "something"): Promise<T> {
    const item = this.items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = undefined;
        reject(new Error(`waited ${DEADLINE} ms for ${what}`));
      }, DEADLINE);
      this.waiting = (got) => {
        clearTimeout(timer);
        resolve(got);
      };
    });
  }
}
