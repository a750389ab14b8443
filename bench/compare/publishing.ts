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
  async run({ count, perSecond, seed }: Schedule): Promise<Published> {
    const random = seed === undefined ? undefined : randomOf(seed);
    const first = this.#n + 1;
    let slip = 0;
    let due = now();
    for (let i = 0; i < count; i++) {
      due += gap(perSecond, random);
      const wait = due - now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait / 1000));
      const message = makeMessage(++this.#n);
      slip = Math.max(slip, message.at - due);
      this.#publish(message);
    }
    return { first, last: this.#n, slip: slip / 1000 };
  }
}

/** Microseconds to the next message: even, or random as of a Poisson process, so that no poll beats against it. */
function gap(perSecond: number, random: (() => number) | undefined): number {
  const mean = 1e6 / perSecond;
  return random === undefined ? mean : -Math.log(1 - random()) * mean;
}
