/** The messages that are published: each with a number of its own, so that nobody can send the last one's bytes again. Pure. */

/** Bytes of a message's data as JSON. */
export const DATA_BYTES = 256;

/** Stands in a message where its number goes. */
export const PLACEHOLDER = "########";

const EMPTY = { n: PLACEHOLDER, text: "" };

export const DATA = { ...EMPTY, text: "x".repeat(DATA_BYTES - JSON.stringify(EMPTY).length) };

/** As long as the placeholder, for `n` below 10^8. */
export function numberOf(n: number): string {
  return String(n).padStart(PLACEHOLDER.length, "0");
}
