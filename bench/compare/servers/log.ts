/** The messages of late, for those that ask since which one they have them: what every server needs that is to lose nothing. */
import type { Message } from "../message.js";

const KEPT = 2_000;

export class MessageLog {
  readonly #texts: string[] = [];
  #last = 0;

  /** Returns the message's JSON. */
  add(message: Message): string {
    const text = JSON.stringify(message);
    this.#texts.push(text);
    this.#last = message.n;
    if (this.#texts.length > KEPT) this.#texts.shift();
    return text;
  }

  /** Number of the newest one. */
  get last(): number {
    return this.#last;
  }

  /** The JSON of those after number `n`, with their numbers. */
  since(n: number): { n: number; text: string }[] {
    const first = this.#last - this.#texts.length + 1;
    const from = Math.max(n + 1, first);
    return this.#texts.slice(from - first).map((text, i) => ({ n: from + i, text }));
  }
}

/** The number in a query or header, or undefined where there is none. */
export function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined || text === "" ? undefined : Number(text);
}
