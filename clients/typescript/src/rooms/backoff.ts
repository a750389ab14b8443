/** How long to wait before something is tried again. Pure; imports nothing. */

/** Milliseconds before the second try, at most, and before any try, at most. */
const FIRST = 500;
const LONGEST = 10_000;

/** Past this many doublings every delay is at its longest. */
const MAX_DOUBLINGS = 10;

/**
 * Milliseconds before the try that follows `failures` (1 or more) in a row: doubled each time, and from half of that up
 * to the whole by `random` (from 0 up to 1), so that clients that failed together do not come back together.
 */
export function backoffDelay(failures: number, random: number): number {
  const whole = Math.min(FIRST * 2 ** Math.min(Math.max(failures - 1, 0), MAX_DOUBLINGS), LONGEST);
  return Math.floor(whole * (0.5 + random / 2));
}
