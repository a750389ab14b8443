/** Publishes at the times of a schedule, and stamps each message as it goes out. */
import { randomOf } from "./random.js";
import { makeMessage, type Message, now } from "./message.js";
import type { Published, Schedule } from "./protocol.js";

/** How a message leaves; a promise is not waited for. */
export type Publish = (message: Message) => void;

export class Publisher {
  readonly #publish: Publish;
  #n = 0;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** Resolves when the last message has been published. */
  async run(schedule: Schedule): Promise<Published> {
    const first = this.#n + 1;
    let slip = 0;
    let due = now();
    for (const gap of gapsOf(schedule)) {
      due += gap;
      const wait = due - now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait / 1000));
      const message = makeMessage(++this.#n);
      slip = Math.max(slip, message.at - due);
      this.#publish(message);
    }
    return { first, last: this.#n, slip: slip / 1000 };
  }
}

/**
 * Microseconds from each message to the next: even, or as those of a Poisson process, against which no poll beats; stretched so that all
 * take the time that they would take evenly.
 */
export function gapsOf({ count, perSecond, seed }: Schedule): number[] {
  const mean = 1e6 / perSecond;
  if (seed === undefined) return Array.from({ length: count }, () => mean);
  const random = randomOf(seed);
  const gaps = Array.from({ length: count }, () => -Math.log(1 - random()));
  const sum = gaps.reduce((total, gap) => total + gap, 0);
  return gaps.map((gap) => (gap / sum) * count * mean);
}
