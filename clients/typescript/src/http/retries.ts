/** When a request that had no answer is sent again (PROTOCOL.md, 12.10). Pure. Imports nothing. */

const FIRST = 500;
const LONGEST = 5_000;

export class Retries {
  readonly #random: () => number;
  /** Requests in a row that had no answer. */
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  answered(): void {
    this.#failures = 0;
  }

  /** Milliseconds until the next request: none after the first failure. `notBefore`: what the server asked for. */
  failed(notBefore = 0): number {
    const steps = this.#failures++;
    if (steps === 0) return notBefore;
    const delay = Math.min(FIRST * 2 ** Math.min(steps - 1, 10), LONGEST);
    return notBefore + delay * (1 - this.#random() / 2);
  }
}
