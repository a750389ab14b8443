/** Rules of which somebody may think that they are for different rooms, and which are not. */
import { Pattern } from "./patterns.js";
import type { RoomRule } from "./rules.js";

/**
 * A sentence for each two rules that can name one room, as one of them then says who may enter, and for another user the other.
 * Not for a rule whose rooms are all among those of a later one without placeholders: that is how exceptions are written.
 * @throws PatternError for a pattern that is none.
 */
export function ruleOverlaps(rooms: readonly Pick<RoomRule, "pattern">[]): string[] {
  const rules = rooms.map(({ pattern }) => ({ text: pattern, pattern: Pattern.parse(pattern) }));
  return rules.flatMap((later, at) =>
    rules
      .slice(0, at)
      .filter(({ pattern }) => pattern.meets(later.pattern))
      .filter(({ text, pattern }) => text === later.text || !later.pattern.covers(pattern))
      .map(
        (rule) =>
          `the rules of ${JSON.stringify(rule.text)} and ${JSON.stringify(later.text)} can name one room: ` +
          advice(rule, later),
      ),
  );
}

function advice(
  first: { text: string; pattern: Pattern },
  second: { text: string; pattern: Pattern },
): string {
  if (first.text === second.text)
    return "they are the same, and the second is never used; remove one of them";
  return first.pattern.covers(second.pattern)
    ? "the first holds for all rooms of the second, which is never used; put the second before it"
    : "the first that matches for a user holds; give their rooms names that differ, or order them on purpose";
}
