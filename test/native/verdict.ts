/** How a check of an SDK went, said and counted. */
import { type Counts, failure, NOTHING } from "../setup/counts.js";

/** Prints a line. */
export type Say = (line: string) => void;

/** Says it of the subject, and counts the check as one test. `trouble` is what is wrong, or undefined. */
export function verdict(
  say: Say,
  subject: string,
  trouble: string | undefined,
  words: { readonly good: string; readonly bad: string },
): Counts {
  if (trouble === undefined) {
    say(`${subject} ${words.good}`);
    return { ...NOTHING, passed: 1 };
  }
  say(`${subject} ${words.bad}: ${trouble}`);
  return failure(subject);
}
