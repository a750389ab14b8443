/**
 * Patterns of room names: `*` stands for any run of characters, `{user}` for the user's id, `{claim.team}` for a claim of
 * the user's token; a backslash takes a character as it is. Nothing in a value is taken for part of a pattern.
 */
import type { Identity } from "../identity.js";

/** Longest pattern, in UTF-16 code units. */
export const MAX_PATTERN = 256;

/** What can be compared with a name: a text, or any run of characters. */
type Piece = { type: "text"; text: string } | { type: "run" };

/** What a pattern is made of. */
type Part = Piece | { type: "user" } | { type: "claim"; claim: string };

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
    const parts: Part[] = [];
    // Sticky, and each alternative begins with another character: one pass.
    for (const found of text.match(/\*|\{[^}]*\}?|\\[^]?|[^*{\\]+/gy) ?? []) parts.push(partOf(found));
    return new Pattern(parts);
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
}

/** A claim of the user's token, by its exact name. */
export function claimOf({ claims }: Identity, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function partOf(found: string): Part {
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

function isPiece(part: Part): part is Piece {
  return part.type === "text" || part.type === "run";
}

/** What a part stands for with this user; undefined: nothing. */
function pieceFor(part: Part, who: Identity): Piece | undefined {
  if (isPiece(part)) return part;
  const value = part.type === "user" ? who.user : claimOf(who, part.claim);
  return typeof value === "string" && value !== "" ? { type: "text", text: value } : undefined;
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
