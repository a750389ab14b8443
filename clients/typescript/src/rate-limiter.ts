/**
 * How fast a client may send, so that the server does not close the connection for it (PROTOCOL.md, section 9): the server's token
 * bucket, a little smaller. Pure; imports nothing.
 */

export interface Rate {
  readonly perSecond: number;
  /** Messages that may come at once. */
  readonly burst: number;
}

/** What holds where the server says nothing. */
export const DEFAULT_RATE: Rate = { perSecond: 500, burst: 1000 };

/** The rest is for what is not waited for, pongs and pings among it, and for a network that bunches messages. */
const SHARE = 0.9;

export class RateLimiter {
  #perSecond = 0;
  #burst = 0;
  #tokens = 0;
  #since = 0;

  /** A new connection: all is free again. `now` in milliseconds, here and below. */
  reset(now: number): void {
    this.#perSecond = 0;
    this.#burst = 0;
    this.#tokens = 0;
    this.#since = now;
    this.limit(DEFAULT_RATE, now);
  }

  /** What this server takes. What was sent before counts. */
  limit({ perSecond, burst }: Rate, now: number): void {
    this.#earn(now);
    // One at a time is the least: with no token at all nothing would ever leave.
    const next = Math.max(Math.floor(burst * SHARE), 1);
    this.#tokens += next - this.#burst;
    this.#burst = next;
    this.#perSecond = perSecond * SHARE;
  }

  /** Counts a message that leaves in any case. */
  spend(now: number): void {
    this.#earn(now);
    this.#tokens--;
  }

  /** Whether a message may leave now; then it is counted. */
  take(now: number): boolean {
    this.#earn(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Milliseconds until `take` is worth asking again. */
  wait(now: number): number {
    this.#earn(now);
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond);
  }

  #earn(now: number): void {
    const elapsed = Math.max(now - this.#since, 0);
    this.#tokens = Math.min(this.#tokens + (elapsed * this.#perSecond) / 1000, this.#burst);
    this.#since = now;
  }
}
