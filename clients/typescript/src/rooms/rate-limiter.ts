/**
 * Keeps calls to the rate that servers take unless they say otherwise (PROTOCOL.md, section 9), for sockets that do not do so by
 * themselves. In their order.
 */
import type { Environment } from "./environment.js";

/** Nine tenths of the server's burst, and of its messages a second. */
const BURST = 900;
const PER_SECOND = 450;

export class RateLimiter {
  readonly #environment: Pick<Environment, "now" | "after">;
  #tokens = BURST;
  #since: number;
  #queue: (() => void)[] = [];
  #stopTimer = (): void => undefined;

  constructor(environment: Pick<Environment, "now" | "after">) {
    this.#environment = environment;
    this.#since = environment.now();
  }

  /** Does it now, or when it is its turn. */
  add(task: () => void): void {
    this.#queue.push(task);
    if (this.#queue.length === 1) this.#goOn();
  }

  /** The connection is gone: what waited is not done any more, and a new one has all free again. */
  reset(): void {
    this.#stopTimer();
    this.#queue = [];
    this.#tokens = BURST;
  }

  #goOn(): void {
    const now = this.#environment.now();
    this.#tokens = Math.min(this.#tokens + ((now - this.#since) * PER_SECOND) / 1000, BURST);
    this.#since = now;
    while (this.#tokens >= 1) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#tokens--;
      next();
    }
    if (this.#queue.length === 0) return;
    const wait = Math.ceil(((1 - this.#tokens) * 1000) / PER_SECOND);
    this.#stopTimer = this.#environment.after(wait, () => this.#goOn());
  }
}
