/** Values as a terminal shows them. Pure. */

/** Characters that could command the terminal, and those that turn the direction of what follows. */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text of somebody else's, with nothing in it that a terminal would obey. */
export function shownText(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

/** The `data` of a message: a text as it is, line by line with `indent` before the further ones, else JSON. */
export function shownData(data: unknown, indent: string): string {
  const text = typeof data === "string" ? data : toJson(data);
  return text.split(/\r?\n/).map(shownText).join(`\n${indent}`);
}

/** As JSON in one line, with binary values as the bridge has them: `{"$binary":"<base64>"}`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, json: unknown): unknown {
    // The value itself is taken from its holder: a Buffer's own toJSON has already run on `json`.
    const raw = this[key];
    if (raw instanceof ArrayBuffer) return { $binary: Buffer.from(raw).toString("base64") };
    if (!ArrayBuffer.isView(raw)) return json;
    return { $binary: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("base64") };
  });
}

/** The time of day here, with the day where it is not today's. @param at @param now Milliseconds since the Unix epoch. */
export function shownTime(at: number, now: number): string {
  const date = new Date(at);
  const two = (number: number): string => String(number).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  if (date.toDateString() === new Date(now).toDateString()) return time;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** `EPOCH:OFFSET`, as `--since` takes it. */
export function shownPosition({ epoch, offset }: Position): string {
  return `${shownText(epoch)}:${offset}`;
}

/** undefined if the text is no position. An epoch may have a colon in it, an offset has none. */
export function parsePosition(text: string): Position | undefined {
  const [, epoch = "", digits = ""] = /^(.{1,64}):(\d{1,16})$/su.exec(text) ?? [];
  const offset = Number(digits);
  return epoch === "" || !Number.isSafeInteger(offset) ? undefined : { epoch, offset };
}

/** Rows under their heads, in columns; those of `right` are numbers. */
export function shownTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[],
): string {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    heads
      .map((head, i) => {
        const cell = cells[i] ?? "";
        return right.includes(head) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
      })
      .join("  ")
      .trimEnd();
  return [heads, ...rows].map((cells) => `${line(cells)}\n`).join("");
}
