/** Finds the web addresses in a text. Pure. */

export interface Part {
  readonly text: string;
  /** Where the part is an address. */
  readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/gi;

/** What ends a sentence or closes a bracket around an address is none of it. */
const AFTER = /[.,;:!?'"”’»]+$/;

/** The text in parts, in order; joined, they are the text. */
export function linkParts(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trimmed(found);
    if (!URL.canParse(address)) continue;
    if (index > end) parts.push({ text: text.slice(end, index) });
    parts.push({ text: address, href: address });
    end = index + address.length;
  }
  if (end < text.length || parts.length === 0) parts.push({ text: text.slice(end) });
  return parts;
}

function trimmed(found: string): string {
  let address = found;
  for (;;) {
    let next = address.replace(AFTER, "");
    // A bracket belongs to the address only if it was opened there: https://en.wikipedia.org/wiki/Room_(disambiguation)
    if (/[)\]}]$/.test(next) && !isClosed(next)) next = next.slice(0, -1);
    if (next === address) return address;
    address = next;
  }
}

const OPENS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

function isClosed(address: string): boolean {
  const last = address.at(-1) ?? "";
  const count = (character: string): number => address.split(character).length - 1;
  return count(OPENS[last] ?? "") >= count(last);
}
