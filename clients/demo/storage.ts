/** What one side of the page keeps over a reload. Of this tab only: two tabs are two people, unless one was duplicated. */
import type { KeyValue } from "@crossroom/client/rooms";

export class PaneStorage implements KeyValue {
  readonly #store: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly #prefix: string;

  constructor(store: Pick<Storage, "getItem" | "setItem" | "removeItem">, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** A part of it. */
  within(prefix: string): PaneStorage {
    return new PaneStorage(this, prefix);
  }

  getItem(key: string): string | null {
    return this.#store.getItem(this.#prefix + key);
  }

  setItem(key: string, value: string): void {
    this.#store.setItem(this.#prefix + key, value);
  }

  removeItem(key: string): void {
    this.#store.removeItem(this.#prefix + key);
  }

  /** A value that `write` kept, or undefined. What somebody else put there is no value. */
  read<Value>(key: string, isValue: (value: unknown) => value is Value): Value | undefined {
    const text = this.getItem(key);
    if (text === null) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return isValue(value) ? value : undefined;
    } catch {
      return undefined; // not ours: as if nothing was kept
    }
  }

  /** @throws DOMException `QuotaExceededError` where the browser keeps no more. */
  write(key: string, value: unknown): void {
    this.setItem(key, JSON.stringify(value));
  }
}
