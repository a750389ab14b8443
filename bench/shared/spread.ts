/** Samples, one for each round, as tables show them: the median, with the least and the most in brackets. Pure. */
import { median } from "./statistics.js";

/** Of two cells that were measured in the same rounds: round by round, so that what slows down both does not count. Nothing, if there are no others. */
export function ratio(values: readonly number[], others: readonly number[]): string {
  if (others.length === 0) return "";
  return spread(
    values.map((value, round) => value / (others[round] ?? NaN)),
    2,
  );
}

export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return "";
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
}
