/**
 * Reads take their turns: whoever reads pages of history one after another, on however many connections, holds the event loop for no
 * more than a page at a time, and others are served between.
 */

/** Milliseconds of reads in one tick, after which the next waits for another. */
const SLICE = 4;

export class ReadQueue {
  readonly #now: () => number;
  /**
   * By whom they are: one of each has its turn, and then the next of each. Nobody is kept without a read that waits. Whose turn is next is
   * the first.
   */
  readonly #waiting = new Map<string, (() => void)[]>();
  /** When the first read of this tick began; undefined in a tick without any. */
  #began: number | undefined;

  /** @param now Milliseconds by a clock that is never set. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Resolves when it is the caller's turn.
   * @param of Whose read it is: those of one wait for each other, and for no more than one of each other's.
   */
  async turn(of: string): Promise<void> {
    if (this.#began === undefined) {
      this.#began = this.#now();
      setImmediate(this.#nextTick);
    } else if (this.#waiting.size > 0 || this.#now() - this.#began >= SLICE) {
      await new Promise<void>((resolve) => {
        const waiting = this.#waiting.get(of);
        if (waiting === undefined) this.#waiting.set(of, [resolve]);
        else waiting.push(resolve);
      });
    }
  }

  readonly #nextTick = (): void => {
    const next = this.#take();
    this.#began = next === undefined ? undefined : this.#now();
    if (next === undefined) return;
    setImmediate(this.#nextTick);
    next();
  };

  #take(): (() => void) | undefined {
    for (const [of, waiting] of this.#waiting) {
      const next = waiting.shift();
      this.#waiting.delete(of);
      if (waiting.length > 0) this.#waiting.set(of, waiting);
      return next;
    }
    return undefined;
  }
}
