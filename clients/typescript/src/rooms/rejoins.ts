/**
 * When to ask anew for what a server has given, and taken back at once: now the first time, and after a pause where it does so again and
 * again (docs/sdk.md, 4.1). Pure, but for the clock and the randomness that are passed in.
 */
import { backoffDelay } from "./backoff.js";

/** Milliseconds after which what was given counts as kept, and delays begin anew. */
const GOOD_AFTER = 10_000;

export class Rejoins {
  readonly #now: () => number;
  readonly #random: () => number;
  #count = 0;
  #givenAt: number | undefined;

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  /** The server has given it. */
  given(): void {
    this.#givenAt = this.#now();
  }

  /** It is to be asked for anew. @returns Milliseconds to wait before. */
  delay(): number {
    const hasLasted = this.#givenAt !== undefined && this.#now() - this.#givenAt >= GOOD_AFTER;
    if (hasLasted) this.#count = 0;
    this.#givenAt = undefined;
    return this.#count++ === 0 ? 0 : backoffDelay(this.#count - 1, this.#random());
  }
}
