/**
 * Patterns of room names: `*` stands for any run of characters, `{user}` for the user's id, `{claim.team}` for a claim of
 * the user's token; a backslash takes a character as it is. Nothing in a value is taken for part of a pattern.
 *
 * A value stands for a whole segment of the name: where something variable is on one side of it, it ends at the character
 * next to it on that side, and a value that holds that character matches nothing. Else team `a` would have the rooms of team `a-b`.
 */
import type { Identity } from "../rooms/identity.js";

/** Longest pattern, in UTF-16 code units. */
export const MAX_PATTERN = 256;

/** What can be compared with a name: a text, or any run of characters. */
type Piece = { type: "text"; text: string } | { type: "run" };

/** What stands for something of the user's. */
type Placeholder = { type: "user" } | { type: "claim"; claim: string };

/** What a pattern is made of. */
type Part = Piece | (Placeholder & { /** What its value must not hold. */ ends: readonly string[] });

/** What no room's name holds, in the place of a run. */
const ANY_RUN = "\0";

const RUN: Piece = { type: "run" };

/** Why a text is no pattern. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

export class Pattern {
  readonly #parts: readonly Part[];
  /** The texts between the runs, where they are the same for everybody. */
  readonly #texts: readonly string[] | undefined;
  /** The texts between the runs if placeholders are runs as well. */
  readonly #textsForAnyone: readonly string[];

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
    this.#textsForAnyone = textsOf(parts.map((part) => (isPiece(part) ? part : RUN)));
    this.#texts = parts.every(isPiece) ? this.#textsForAnyone : undefined;
  }

  /** Throws a PatternError that says what is wrong. */
  static parse(text: string): Pattern {
    if (text === "") throw new PatternError("a pattern must not be empty; * matches every room");
    if (text.length > MAX_PATTERN) throw new PatternError(`a pattern has at most ${MAX_PATTERN} characters`);
    const found: (Piece | Placeholder)[] = [];
    // Sticky, and each alternative begins with another character: one pass.
    for (const one of text.match(/\*|\{[^}]*\}?|\\[^]?|[^*{\\]+/gy) ?? []) {
      const part = partOf(one);
      const last = found.at(-1);
      if (part.type === "text" && last?.type === "text") last.text += part.text;
      else found.push(part);
    }
    return new Pattern(
      found.map((part, at) => {
        if (isPiece(part)) return part;
        const left = endOf(part, found.slice(0, at).reverse(), -1);
        const right = endOf(part, found.slice(at + 1), 0);
        return { ...part, ends: [left, right].filter((end) => end !== undefined) };
      }),
    );
  }

  /** Whether a room's name matches, for this user. A claim that is missing, or not a text, matches nothing. */
  matches(name: string, who: Identity): boolean {
    if (this.#texts !== undefined) return matchesTexts(name, this.#texts);
    const pieces = this.#parts.map((part) => pieceFor(part, who));
    return pieces.every((piece) => piece !== undefined) && matchesTexts(name, textsOf(pieces));
  }

  /** Whether a room's name could match for somebody. */
  matchesForAnyone(name: string): boolean {
    return matchesTexts(name, this.#textsForAnyone);
  }

  /** Whether every name that matches the other for somebody matches this one, for everybody. */
  covers(other: Pattern): boolean {
    return this.#texts !== undefined && matchesTexts(other.#textsForAnyone.join(ANY_RUN), this.#texts);
  }

  /** Whether a name could match both, for somebody each. */
  meets(other: Pattern): boolean {
    return haveCommon(this.#textsForAnyone.join(ANY_RUN), other.#textsForAnyone.join(ANY_RUN));
  }
}

/** A claim of the user's token, by its exact name. */
export function claimOf({ claims }: Identity, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function partOf(found: string): Piece | Placeholder {
  if (found === "*") return { type: "run" };
  if (found === "{user}") return { type: "user" };
  const claim = /^\{claim\.([^}]+)\}$/.exec(found)?.[1];
  if (claim !== undefined) return { type: "claim", claim };
  if (found.startsWith("{")) {
    throw new PatternError(
      `there is no ${found} in patterns; write {user}, {claim.NAME}, or \\{ for a brace`,
    );
  }
  if (!found.startsWith("\\")) return { type: "text", text: found };
  if (found.length === 1)
    throw new PatternError("a backslash takes the next character as it is, but there is none");
  return { type: "text", text: found.slice(1) };
}

/** The character next to a placeholder, where anything that is variable comes after it. @param beside From the placeholder on. */
function endOf(
  part: Placeholder,
  beside: readonly (Piece | Placeholder)[],
  place: 0 | -1,
): string | undefined {
  const [next] = beside;
  if (next?.type === "text") return beside.length > 1 ? next.text.at(place) : undefined;
  if (next === undefined) return undefined;
  const shown = part.type === "user" ? "{user}" : `{claim.${part.claim}}`;
  throw new PatternError(
    `${shown} needs a character between it and what is variable beside it, as in ${shown}/*: it could not be told where its value ends`,
  );
}

function isPiece(part: Part | Placeholder): part is Piece {
  return part.type === "text" || part.type === "run";
}

/** What a part stands for with this user; undefined: nothing. */
function pieceFor(part: Part, who: Identity): Piece | undefined {
  if (isPiece(part)) return part;
  const value = part.type === "user" ? who.user : claimOf(who, part.claim);
  if (typeof value !== "string" || value === "") return undefined;
  return part.ends.some((end) => value.includes(end)) ? undefined : { type: "text", text: value };
}

/** The texts between the runs: one more than there are runs. */
function textsOf(pieces: readonly Piece[]): string[] {
  const texts: string[] = [];
  let last = "";
  for (const piece of pieces) {
    if (piece.type === "text") {
      last += piece.text;
    } else {
      texts.push(last);
      last = "";
    }
  }
  return [...texts, last];
}

/** Each text is taken where it first fits, which leaves the most for those after it: nothing is tried twice. */
function matchesTexts(name: string, texts: readonly string[]): boolean {
  const [first = "", ...others] = texts;
  const last = others.pop();
  if (last === undefined) return name === first;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const text of others) {
    const found = name.indexOf(text, at);
    if (found === -1 || found + text.length > end) return false;
    at = found + text.length;
  }
  return true;
}

/** Whether there is a text that both stand for, in which `ANY_RUN` is any run of characters. */
function haveCommon(one: string, other: string): boolean {
  // From the ends: row[j] says it of what is left of `one` and of `other` from j on.
  let row = Array.from({ length: other.length + 1 }, (_, j) => isRuns(other.slice(j)));
  for (let i = one.length - 1; i >= 0; i--) {
    const next: boolean[] = [];
    next[other.length] = isRuns(one.slice(i));
    for (let j = other.length - 1; j >= 0; j--) {
      const skipsOne = one[i] === ANY_RUN && row[j] === true;
      const skipsOther = other[j] === ANY_RUN && next[j + 1] === true;
      const isLong =
        one[i] === ANY_RUN ? next[j + 1] : other[j] === ANY_RUN ? row[j] : one[i] === other[j] && row[j + 1];
      next[j] = skipsOne || skipsOther || isLong === true;
    }
    row = next;
  }
  return row[0] === true;
}

function isRuns(text: string): boolean {
  return text.replaceAll(ANY_RUN, "") === "";
}
