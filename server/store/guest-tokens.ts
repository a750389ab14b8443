/**
 * The port of which tokens of guests are good. Those of one guest are numbered from 1; one that is older than the newest that was
 * shown has been copied, and with it the guest ends: nobody can tell which of the two is the thief.
 */

export type Shown =
  /** It is good, and the next one to give has this number. */
  | { type: "good"; next: number }
  /** An older one came back, and the guest has ended with it. */
  | { type: "copied" }
  /** The guest had ended before. */
  | { type: "ended" };

/** What is kept of a guest who came back. */
export interface GuestRow {
  /** The highest number that was shown, and the highest that was given. */
  shown: number;
  given: number;
  ended?: true;
  /** When a token was last shown, by the store's clock. */
  seen: number;
}

/** Guarantee: all resolve when they are durable. Of a guest who is not known every token is good. */
export interface GuestTokens {
  /** The guest shows a token of this number. */
  show(user: string, number: number): Promise<Shown>;
  /** None of the guest's tokens is good any more. */
  end(user: string): Promise<void>;
  /** Forgets guests who were seen at `cutoff` or before, by the store's clock. To be called now and then. */
  sweep(cutoff: number): Promise<void>;
}

/** What becomes of a guest's row; pure. */
export function show(
  row: GuestRow | undefined,
  number: number,
  now: number,
): { row: GuestRow; shown: Shown } {
  const { shown = 0, given = 0, ended } = row ?? {};
  if (ended === true) return { row: { shown, given, ended, seen: now }, shown: { type: "ended" } };
  if (number < shown) return { row: { shown, given, ended: true, seen: now }, shown: { type: "copied" } };
  const next = Math.max(given, number) + 1;
  return { row: { shown: number, given: next, seen: now }, shown: { type: "good", next } };
}
