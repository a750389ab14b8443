/** How long something took, as a Prometheus histogram has it. Plain numbers: to observe costs a few comparisons. */

/** Upper bounds of the buckets, in seconds; inclusive. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export interface DurationsRead {
  /** By upper bound in seconds, how many took no longer; each counts those of the bounds before it too. */
  buckets: [bound: number, count: number][];
  count: number;
  /** Seconds, of all together. */
  sum: number;
}

export class Durations {
  /** The last is of those beyond all bounds. */
  readonly #counts = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;

  observe(milliseconds: number): void {
    const seconds = milliseconds / 1_000;
    this.#sum += seconds;
    let i = 0;
    while (seconds > (BOUNDS[i] ?? Infinity)) i++;
    this.#counts[i] = (this.#counts[i] ?? 0) + 1;
  }

  read(): DurationsRead {
    let count = 0;
    const buckets = BOUNDS.map((bound, i): [number, number] => [bound, (count += this.#counts[i] ?? 0)]);
    return { buckets, count: count + (this.#counts[BOUNDS.length] ?? 0), sum: this.#sum };
  }
}
