/** What a user may send: how much at once, and how often. */
import { TokenBucket } from "../../bridge/limits.js";
import type { Limits } from "../identity.js";
import { sizeOf } from "./size.js";
import { refused } from "./outcome.js";

export class Allowance {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { bucket: TokenBucket; used: number }>();

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Counts a message of a user's; a refusal if it is too large, or one too many. */
  take(user: string, data: unknown): ReturnType<typeof refused> | undefined {
    const { messageBytes, messagesPerSecond } = this.#limits;
    const bytes = sizeOf(data);
    if (bytes > messageBytes) {
      return refused(
        "message_too_large",
        `data has ${bytes} bytes as JSON; at most ${messageBytes} are taken`,
      );
    }
    const now = this.#now();
    const entry = this.#buckets.get(user) ?? {
      bucket: new TokenBucket({ perSecond: messagesPerSecond, burst: 2 * messagesPerSecond }, now),
      used: now,
    };
    entry.used = now;
    this.#buckets.set(user, entry);
    return entry.bucket.take(now) ? undefined : refused("rate_limited");
  }

  /** Forgets users whose buckets are full again, so that what is kept does not grow with all who ever came. */
  tidy(): void {
    const now = this.#now();
    for (const [user, { used }] of this.#buckets) {
      if (used <= now - 2_000 || used > now) this.#buckets.delete(user);
    }
  }
}
