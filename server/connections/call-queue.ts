/** The order in which the calls of one connection are carried out. Pure: it only says when. */

/** Carries out a call. It may say before it ends that its effects have their place: then others may begin. */
type Work = (placed: () => void) => Promise<void>;

/** What calls may hold in memory until they have ended, of all connections together and of each. In bytes. */
export class CallMemory {
  #used = 0;

  constructor(
    readonly maxInAll: number,
    readonly maxEach: number,
  ) {}

  /** Takes `more` for a connection that holds `held`; false if that is too much. */
  take(held: number, more: number): boolean {
    if (held + more > this.maxEach || this.#used + more > this.maxInAll) return false;
    this.#used += more;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

interface Waiting {
  isAlone: boolean;
  bytes: number;
  work: Work;
}

/**
 * Calls take effect in the order in which they came. Most wait until all before them have ended; those that need only
 * their place in the order (`publish`) wait until all before them have theirs, so that many are under way at a time.
 */
export class CallQueue {
  readonly #max: number;
  readonly #memory: CallMemory;
  #waiting: Waiting[] = [];
  #running = 0;
  /** What the calls hold that have not ended. */
  #held = 0;
  #isPlacing = false;
  #last: (() => void) | undefined;

  /** @param max How many calls may wait or be under way. */
  constructor(max: number, memory: CallMemory) {
    this.#max = max;
    this.#memory = memory;
  }

  /**
   * @param isAlone Whether it must see the effects of all calls before it, and those after it must see its own.
   * @param bytes What the call holds in memory.
   * @param work Must not reject.
   * @returns False if there are too many, or they hold too much, or the queue is closed.
   */
  add(isAlone: boolean, bytes: number, work: Work): boolean {
    if (this.#last !== undefined || this.#running + this.#waiting.length >= this.#max) return false;
    if (!this.#memory.take(this.#held, bytes)) return false;
    this.#held += bytes;
    this.#waiting.push({ isAlone, bytes, work });
    this.#next();
    return true;
  }

  /**
   * Adds what the server does itself, which counts for nothing: it sees the effects of all calls before it, and those after it see its own.
   * @param work Must not reject.
   * @returns False if the queue is closed.
   */
  addOwn(work: () => Promise<void>): boolean {
    if (this.#last !== undefined) return false;
    this.#waiting.push({ isAlone: true, bytes: 0, work });
    this.#next();
    return true;
  }

  /** Takes no more, and calls back when all that was taken has ended. */
  close(ended: () => void): void {
    this.#last = ended;
    this.#next();
  }

  #next(): void {
    if (this.#running === 0 && this.#waiting.length === 0 && this.#last !== undefined) {
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
      this.#held -= first.bytes;
      this.#memory.give(first.bytes);
      placed();
      this.#next();
    });
  }
}
