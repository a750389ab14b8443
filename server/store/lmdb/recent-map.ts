/** What was used last, of what can be had again at some cost. Pure. */

/**
 * Two halves: what is used moves into the younger one, and when that is full the older one is dropped as a whole. So each look costs the
 * same, however many there are; to take the oldest out of one Map, one at a time, costs more the larger it is: what was deleted at its
 * beginning is passed over each time (V8).
 */
export class RecentMap<Value> {
  readonly #half: number;
  #younger = new Map<string, Value>();
  #older = new Map<string, Value>();

  /** @param most Kept at a time; the last half of them that were used are always among those. */
  constructor(most: number) {
    this.#half = Math.ceil(most / 2);
  }

  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  get(key: string): Value | undefined {
    const value = this.#younger.get(key);
    if (value !== undefined) return value;
    const old = this.#older.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** As `get`, by one who only looks: it is used no more than before. */
  peek(key: string): Value | undefined {
    return this.#younger.get(key) ?? this.#older.get(key);
  }

  set(key: string, value: Value): void {
    this.#older.delete(key);
    this.#younger.set(key, value);
    if (this.#younger.size < this.#half) return;
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  delete(key: string): void {
    this.#younger.delete(key);
    this.#older.delete(key);
  }
}
