/** Whether a store is open, for the parts that it is made of. */
import { StoreError } from "./store.js";

export class Lifetime {
  #closed = false;

  get isOpen(): boolean {
    return !this.#closed;
  }

  end(): void {
    this.#closed = true;
  }

  /** @throws StoreError "closed". */
  check(): void {
    if (this.#closed) throw new StoreError("closed", "The store is closed. Open it again to use it.");
  }

  /** Runs what needs an open store, at once; what it throws, the promise rejects with. */
  run<T>(action: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.check();
      resolve(action());
    });
  }
}
