/** A storage as a browser has it, in memory, with a bound. */
import type { KeyValue } from "../../clients/typescript/src/rooms/index.js";

export class MemoryStorage implements KeyValue {
  /** Whether it takes no more, as a browser's that is full. */
  isFull = false;
  readonly #values = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }
}
