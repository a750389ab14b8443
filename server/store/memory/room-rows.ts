/** The rows of one room: found by user, and read page by page in the order in which they came. Pure. */

/** What a row must have: a place in the order, and whose it is. */
interface Ordered {
  /** Greater than that of each row that came before. */
  readonly serial: number;
  readonly user: string;
}

/** Rows that have gone stay in the order until they are this part of it: so that taking one out need not move all others. */
const GONE_PART = 1 / 4;

export class RoomRows<Row extends Ordered> {
  readonly #byUser = new Map<string, Row>();
  /** By serial; some have gone. */
  #order: Row[] = [];

  get size(): number {
    return this.#byUser.size;
  }

  get(user: string): Row | undefined {
    return this.#byUser.get(user);
  }

  /** @param row Newer than all that are there, and of a user who is not. */
  add(row: Row): void {
    this.#byUser.set(row.user, row);
    this.#order.push(row);
  }

  delete(user: string): void {
    this.#byUser.delete(user);
    const gone = this.#order.length - this.#byUser.size;
    if (gone > this.#order.length * GONE_PART) this.#order = [...this.#byUser.values()];
  }

  values(): IterableIterator<Row> {
    return this.#byUser.values();
  }

  /** So many rows, after that of the user `after` (from the first if left out or not there). What it costs does not grow with the depth. */
  page(limit: number, after?: string): { rows: Row[]; more: boolean } {
    const rows: Row[] = [];
    for (let index = this.#indexAfter(after); index < this.#order.length; index++) {
      const row = this.#order[index];
      if (row === undefined || this.#byUser.get(row.user) !== row) continue;
      if (rows.length >= limit) return { rows, more: true };
      rows.push(row);
    }
    return { rows, more: false };
  }

  #indexAfter(user: string | undefined): number {
    const row = user === undefined ? undefined : this.#byUser.get(user);
    if (row === undefined) return 0;
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle]?.serial ?? Infinity) <= row.serial) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
