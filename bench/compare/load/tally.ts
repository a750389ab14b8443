/** What one client has got, and whether that is what it should have. */
import { type Message, now } from "../message.js";

export class Tally {
  /** Resolves when the server has greeted the client. */
  readonly greeted: Promise<void>;
  #greet: () => void = () => undefined;
  /** Milliseconds from publish to here, by number; of the first time, where it came again. */
  readonly #latencies = new Map<number, number>();
  readonly #repeated = new Map<number, number>();
  #last = 0;
  #disorder: string | undefined;
  /** Called at each message. */
  onChange: () => void = () => undefined;

  constructor() {
    this.greeted = new Promise((resolve) => (this.#greet = resolve));
  }

  take({ n, at }: Message): void {
    if (n === 0) return this.#greet();
    if (n < 0) return; // what a client sent
    if (this.#latencies.has(n)) {
      this.#repeated.set(n, (this.#repeated.get(n) ?? 0) + 1);
      return this.onChange();
    }
    if (n < this.#last) this.#disorder ??= `message ${n} came after ${this.#last}`;
    this.#last = Math.max(n, this.#last);
    this.#latencies.set(n, (now() - at) / 1000);
    this.onChange();
  }

  /** Whether this one is there; as all come in order, no earlier one is on its way then. */
  has(n: number): boolean {
    return this.#latencies.has(n);
  }

  /** Their latencies. Throws where one is missing, came twice or out of order. */
  latencies(first: number, last: number): number[] {
    if (this.#disorder !== undefined) throw new Error(this.#disorder);
    const { lost, repeated } = this.missed(first, last);
    if (lost > 0) throw new Error(`${lost} of ${last - first + 1} messages were lost, outside a cut`);
    if (repeated > 0) throw new Error(`${repeated} messages came more than once`);
    return Array.from({ length: last - first + 1 }, (_, i) => this.#latencies.get(first + i) ?? NaN);
  }

  /** @param inTime Milliseconds within which a message counts as there. */
  missed(first: number, last: number, inTime = Infinity): { lost: number; repeated: number } {
    let lost = 0;
    let repeated = 0;
    for (let n = first; n <= last; n++) {
      const latency = this.#latencies.get(n);
      if (latency === undefined || latency > inTime) lost++;
      repeated += this.#repeated.get(n) ?? 0;
    }
    return { lost, repeated };
  }
}
