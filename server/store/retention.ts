/** What of a log is kept, by its retention and the time. Shared by the implementations of Log; pure. */
import type { LogState, Retention } from "./log.js";
import type { Clock } from "./store-clock.js";

/** Milliseconds for which a log that keeps nothing is remembered beyond its age, so that its offsets go on. */
const REMEMBERED = 30 * 24 * 60 * 60_000;

/** Milliseconds between two looks at what has come of age in a log that is appended to. Who reads looks each time. */
export const LOOK_INTERVAL = 1_000;

/**
 * Offset of the oldest entry that is still to be kept; `last + 1` where none is.
 * @param timeAt When the entry at an offset was appended; never earlier than for the entry before it.
 */
export function firstKept(
  { first, last }: Pick<LogState, "first" | "last">,
  { count, age }: Retention,
  clock: Clock,
  timeAt: (offset: number) => number,
): number {
  const oldest = Math.max(first, last + 1 - count);
  if (age === Infinity || oldest > last) return oldest;
  const cutoff = clock.cutoff(age);
  const isGone = (offset: number) => timeAt(offset) <= cutoff;
  if (!isGone(oldest)) return oldest;
  // Steps that double: as a rule a few entries have come of age, of very many.
  let gone = oldest;
  let step = 1;
  while (gone + step <= last && isGone(gone + step)) {
    gone += step;
    step *= 2;
  }
  let kept = Math.min(gone + step, last + 1);
  while (kept - gone > 1) {
    const middle = Math.floor((gone + kept) / 2);
    if (isGone(middle)) gone = middle;
    else kept = middle;
  }
  return kept;
}

/**
 * Whether the window of a key is over. Time that nobody saw go by does not count: a retry may come as late by just that.
 * @param time When the key was taken.
 */
export function isOver(time: number, window: number, clock: Clock): boolean {
  return clock.now() - time >= window;
}

/**
 * Whether a log that keeps nothing may be forgotten.
 * @param used When it was last appended to.
 * @param keyWindow For as long its keys must be remembered.
 */
export function isForgotten(used: number, age: number, keyWindow: number, clock: Clock): boolean {
  return used < clock.cutoff(age + REMEMBERED) && isOver(used, keyWindow, clock);
}
