/**
 * Reads take their turns: whoever reads pages of history one after another, on however many connections, holds the event loop for no
 * more than a page at a time, and others are served between.
 */

/** Milliseconds of reads in one tick, after which the next waits for another. */
const SLICE = 4;

export class ReadQueue {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  /** When the first read of this tick began; undefined in a tick without any. */
  #began: number | undefined;

  /** @param now Milliseconds by a clock that is never set. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Resolves when it is the caller's turn. In the order of the calls; a connection makes one at a time. */
  async turn(): Promise<void> {
    if (this.#began === undefined) {
      this.#began = this.#now();
      setImmediate(this.#nextTick);
    } else if (this.#waiting.length > 0 || this.#now() - this.#began >= SLICE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  readonly #nextTick = (): void => {
    const next = this.#waiting.shift();
    this.#began = next === undefined ? undefined : this.#now();
    if (next === undefined) return;
    setImmediate(this.#nextTick);
    next();
  };
}
