/** What users, addresses, rooms and guests may have, counted. Pure: the clock is passed in. */
import type { Rate, RateName, Rates } from "./rates.js";

/** So much of a rate, for one who has it. */
export interface Charge {
  rate: RateName;
  /** The user, the address, the room; for what is counted for all together, anything. */
  of: string;
  amount: number;
}

/** What is left for one who drew on a rate. It may be less than nothing: what was read is counted when it is known. */
interface Bucket {
  left: number;
  /** When `left` was so much. */
  at: number;
}

/** Less than this is missing only because fractions are rounded. */
const NOTHING = 1e-6;

export class Budget {
  readonly #rates: Rates;
  readonly #now: () => number;
  readonly #onRefused: (rate: RateName) => void;
  /** By whom they are of. */
  readonly #buckets: Readonly<Record<RateName, Map<string, Bucket>>>;

  /**
   * @param now Milliseconds by a clock that is never set.
   * @param onRefused Told which rate it was that kept charges from being taken: the one that has to be waited for longest.
   */
  constructor(rates: Rates, now: () => number, onRefused: (rate: RateName) => void = () => undefined) {
    this.#rates = rates;
    this.#now = now;
    this.#onRefused = onRefused;
    const names = Object.keys(rates) as RateName[];
    const buckets = names.map((name): [RateName, Map<string, Bucket>] => [name, new Map<string, Bucket>()]);
    this.#buckets = Object.fromEntries(buckets) as Record<RateName, Map<string, Bucket>>;
  }

  /**
   * Takes all of the charges, or none where one cannot be had. An amount of 0 asks only that there is no debt.
   * @returns Milliseconds until all can be had; undefined if they were taken.
   */
  take(charges: readonly Charge[]): number | undefined {
    const now = this.#now();
    let wait = 0;
    let scarce: RateName | undefined;
    const drawn = charges.map(({ rate, of, amount }) => {
      const bucket = this.#bucket(rate, of, now);
      const missing = amount - bucket.left;
      if (missing > NOTHING) {
        const own = Math.ceil((missing / this.#rates[rate].perSecond) * 1000 - NOTHING);
        if (own > wait) scarce = rate;
        wait = Math.max(wait, own);
      }
      return bucket;
    });
    if (scarce !== undefined) {
      this.#onRefused(scarce);
      return wait;
    }
    // A bucket that two of the charges are drawn from is in it twice.
    drawn.forEach((bucket, i) => (bucket.left -= charges[i]?.amount ?? 0));
    return undefined;
  }

  /** Counts what has been had already, whether there was so much or not. */
  owe(charges: readonly Charge[]): void {
    const now = this.#now();
    for (const { rate, of, amount } of charges) this.#bucket(rate, of, now).left -= amount;
  }

  /** Forgets whoever has all that there is, so that what is kept does not grow with all who ever came. To be called now and then. */
  tidy(): void {
    const now = this.#now();
    for (const [name, buckets] of Object.entries(this.#buckets)) {
      const rate = this.#rates[name as RateName];
      for (const [of, bucket] of buckets) {
        if (refill(bucket, rate, now).left >= rate.burst) buckets.delete(of);
      }
    }
  }

  #bucket(name: RateName, of: string, now: number): Bucket {
    const buckets = this.#buckets[name];
    const rate = this.#rates[name];
    const known = buckets.get(of);
    if (known !== undefined) return refill(known, rate, now);
    const bucket = { left: rate.burst, at: now };
    buckets.set(of, bucket);
    return bucket;
  }
}

function refill(bucket: Bucket, { perSecond, burst }: Rate, now: number): Bucket {
  bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
  return bucket;
}
