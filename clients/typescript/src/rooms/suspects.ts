/**
 * Which message it is that something on the way does not take: a connection that ends again and again under one large message ends
 * because of it (docs/sdk.md, 4.2). Without this it would be sent for ever, and all that waits behind it would wait for ever. Pure; imports
 * nothing.
 */

/** How a connection ended: closed for a message that was too large, cut, or in a way that says nothing of messages. */
export type Ending = "too_large" | "cut" | "other";

/** Bytes up to which a message is not suspected of a cut. A close with 1009 says itself that one was too large. */
const SMALL = 8 * 1024;

/** Three closes that say so are enough, or five cuts, which happen by chance too. */
const WEIGHTS: Readonly<Record<Ending, number>> = { too_large: 5, cut: 3, other: 0 };
const ENOUGH = 15;

export class Suspects {
  readonly #underWay = new Map<object, number>();
  readonly #weights = new WeakMap<object, number>();

  /** It has been sent, on the connection that there is. */
  sent(message: object, bytes: number): void {
    this.#underWay.set(message, bytes);
  }

  /** It has come through, whatever the answer. */
  answered(message: object): void {
    this.#underWay.delete(message);
    this.#weights.delete(message);
  }

  /** No answer came in time; the connection may be there still. */
  forgotten(message: object): void {
    this.#underWay.delete(message);
  }

  /** The connection has ended: the largest that was under way is suspected. */
  lost(ending: Ending): void {
    const [largest] = [...this.#underWay].sort(([, a], [, b]) => b - a);
    this.#underWay.clear();
    if (largest === undefined || (ending !== "too_large" && largest[1] <= SMALL)) return;
    this.#weights.set(largest[0], this.#weightOf(largest[0]) + WEIGHTS[ending]);
  }

  isTooLarge(message: object): boolean {
    return this.#weightOf(message) >= ENOUGH;
  }

  #weightOf(message: object): number {
    return this.#weights.get(message) ?? 0;
  }
}
