/** JSON that means the same to every reader (RFC 7493): no key twice in an object, no half of a surrogate pair. Pure. */

/** Tokens of text that is JSON: strings, and what begins and ends objects and arrays. Numbers and words are passed over. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;
const LONE_SURROGATE = /\p{Cs}/u;

/** The value, or what is wrong with the text, to be put behind "The body". */
export function parseStrictJson(text: string): { ok: true; value: unknown } | { ok: false; fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: "is not JSON" };
  }
  const fault = faultOf(text);
  return fault === undefined ? { ok: true, value } : { ok: false, fault };
}

/** @param text Which JSON.parse has taken, so that whatever stands where a key may be is one. */
function faultOf(text: string): string | undefined {
  /** The keys of each object that is open, and null for each array. */
  const open: (Set<string> | null)[] = [];
  let isKey = false;
  for (const [token] of text.matchAll(TOKENS)) {
    const keys = open.at(-1);
    if (token === "{" || token === "[") {
      open.push(token === "{" ? new Set() : null);
      isKey = token === "{";
    } else if (token === "}" || token === "]") {
      open.pop();
      isKey = false;
    } else if (token === ",") {
      isKey = keys instanceof Set;
    } else if (token === ":") {
      isKey = false;
    } else {
      const isPlain = !token.includes("\\");
      const string = isPlain ? token.slice(1, -1) : (JSON.parse(token) as string);
      if (!isPlain && LONE_SURROGATE.test(string))
        return "has half of a surrogate pair in it, which is no character";
      if (!isKey || !(keys instanceof Set)) continue;
      if (keys.has(string)) return `has the key ${JSON.stringify(string.slice(0, 64))} twice in one object`;
      keys.add(string);
    }
  }
  return undefined;
}
