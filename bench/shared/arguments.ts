/** What commander makes of options' texts. Each function throws what commander shows to the user. */
import { InvalidArgumentError } from "commander";

export function natural(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is wanted");
  return value;
}

export function positive(text: string): number {
  const value = natural(text);
  if (value === 0) throw new InvalidArgumentError("at least 1 is wanted");
  return value;
}

/** Not only a whole number. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError("a number above 0 is wanted");
  return value;
}

/** Separated by commas. */
export function positives(text: string): number[] {
  return text.split(",").map(positive);
}

/** Names out of a closed list, separated by commas. */
export function namesOf<Name extends string>(known: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(",").map((name) => {
      const found = known.find((candidate) => candidate === name);
      if (found === undefined) throw new InvalidArgumentError(`known are: ${known.join(", ")}`);
      return found;
    });
}
