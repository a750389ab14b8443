/** Counting what clients do, so that no client can have more than its share. Pure: the clock is passed in. */

/** So many events a period, with bursts of up to `burst`. Times are whole milliseconds. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** A token bucket. */
export class TokenBucket {
  readonly #rate: Rate;
  #since: number;
  #tokens: number;

  constructor(rate: Rate, since: number) {
    this.#rate = rate;
    this.#since = since;
    this.#tokens = rate.burst;
  }

  /** Takes one token; false when there is none left. */
  take(now: number): boolean {
    this.#earn(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /**
   * Takes tokens for what has been had already, whether there were so many or not.
   * @returns Milliseconds until nothing is owed.
   */
  spend(count: number, now: number): number {
    this.#earn(now);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * 1000) / this.#rate.perSecond);
  }

  isFull(now: number): boolean {
    this.#earn(now);
    return this.#tokens === this.#rate.burst;
  }

  #earn(now: number): void {
    // A clock that was set back must not keep everybody waiting until it has caught up.
    this.#since = Math.min(this.#since, now);
    const earned = Math.floor(((now - this.#since) * this.#rate.perSecond) / 1000);
    if (earned > 0) {
      this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
      // Only the time that was paid for is gone, or many calls in a short time would earn nothing.
      this.#since =
        this.#tokens === this.#rate.burst ? now : this.#since + (earned * 1000) / this.#rate.perSecond;
    }
  }
}

/** How many connections there are, in all and of each address. */
export class ConnectionCounter {
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(max: number, maxPerAddress: number) {
    this.#max = max;
    this.#maxPerAddress = maxPerAddress;
  }

  get total(): number {
    return this.#count;
  }

  /** Counts one more, if there is room for it. */
  add(address: string): "added" | "full" | "address_full" {
    if (this.#count >= this.#max) return "full";
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress >= this.#maxPerAddress) return "address_full";
    this.#byAddress.set(address, ofAddress + 1);
    this.#count++;
    return "added";
  }

  remove(address: string): void {
    const ofAddress = this.#byAddress.get(address) ?? 0;
    if (ofAddress <= 1) this.#byAddress.delete(address);
    else this.#byAddress.set(address, ofAddress - 1);
    this.#count--;
  }
}
