/** The order in which the calls of one connection are carried out. Pure: it only says when. */

/** Carries out a call. It may say before it ends that its effects have their place: then others may begin. */
type Work = (placed: () => void) => Promise<void>;

interface Waiting {
  isAlone: boolean;
  work: Work;
}

/**
 * Calls take effect in the order in which they came. Most wait until all before them have ended; those that need only
 * their place in the order (`publish`) wait until all before them have theirs, so that many are under way at a time.
 */
export class CallQueue {
  #waiting: Waiting[] = [];
  #running = 0;
  #isPlacing = false;
  #last: (() => void) | undefined;

  /** @param max How many calls may wait or be under way. */
  constructor(private readonly max: number) {}

  /**
   * @param isAlone Whether it must see the effects of all calls before it, and those after it must see its own.
   * @param work Must not reject.
   * @returns False if there are too many, or the queue is closed.
   */
  add(isAlone: boolean, work: Work): boolean {
    if (this.#last !== undefined || this.#running + this.#waiting.length >= this.max) return false;
    this.#waiting.push({ isAlone, work });
    this.#next();
    return true;
  }

  /** Drops what has not begun, takes no more, and calls back when what was under way has ended. */
  close(ended: () => void): void {
    this.#waiting = [];
    this.#last = ended;
    this.#next();
  }

  #next(): void {
    if (this.#running === 0 && this.#last !== undefined) {
      const ended = this.#last;
      this.#last = () => undefined;
      ended();
      return;
    }
    const first = this.#waiting[0];
    if (first === undefined || this.#isPlacing || (first.isAlone && this.#running > 0)) return;
    this.#waiting.shift();
    this.#running++;
    this.#isPlacing = true;
    let hasPlace = false;
    const placed = (): void => {
      if (hasPlace) return;
      hasPlace = true;
      this.#isPlacing = false;
      this.#next();
    };
    void first.work(first.isAlone ? () => undefined : placed).then(() => {
      this.#running--;
      placed();
      this.#next();
    });
  }
}
