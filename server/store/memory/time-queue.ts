/** Things that are due at some time, the earliest first: a binary heap. What it costs to add or take one hardly grows with their number. Pure. */

interface Due<T> {
  readonly at: number;
  /** Of what is due at the same time, what was added first comes first. */
  readonly serial: number;
  readonly what: T;
}

export class TimeQueue<T> {
  readonly #heap: Due<T>[] = [];
  #serial = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, what: T): void {
    const due = { at, serial: this.#serial++, what };
    let index = this.#heap.length;
    this.#heap.push(due);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = this.#heap[parent];
      if (above === undefined || !isBefore(due, above)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = due;
  }

  /** Takes out what is due first; undefined where nothing is due at `now` or before. */
  take(now: number): { at: number; what: T } | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  /** Puts what was the last one where it belongs, from the top. */
  #sink(due: Due<T>): void {
    let index = 0;
    for (;;) {
      const [left, right] = [this.#heap[2 * index + 1], this.#heap[2 * index + 2]];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const below = isRight ? right : left;
      if (below === undefined || !isBefore(below, due)) break;
      this.#heap[index] = below;
      index = 2 * index + (isRight ? 2 : 1);
    }
    this.#heap[index] = due;
  }
}

function isBefore(one: Due<unknown>, other: Due<unknown>): boolean {
  return one.at < other.at || (one.at === other.at && one.serial < other.serial);
}
