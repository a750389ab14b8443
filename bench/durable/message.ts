/** The messages that are published: small ones, as people write them. Pure. */

/** Bytes of a message's data as JSON. */
export const MESSAGE_BYTES = 150;

const EMPTY = { text: "" };

export const DATA = { text: "x".repeat(MESSAGE_BYTES - JSON.stringify(EMPTY).length) };

/** The length of every id. */
export const ID_LENGTH = 8;

/**
 * The `n`-th id of a publisher's messages, for `n` below 2^32: never the same twice. They are spread as random ones are,
 * which a store has to put each in another place.
 */
export function idOf(n: number): string {
  // Multiplying by an odd number modulo 2^32 loses nothing; this one is 2^32 divided by the golden ratio.
  return (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(ID_LENGTH, "0");
}
