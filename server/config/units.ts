/** Durations and sizes, as people write them. Pure. */

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const BYTES = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const;

/** What a duration looks like, for messages. */
export const DURATION_EXAMPLES = "some like 500ms, 10s, 5m, 1h or 7d";

/** What a size looks like, for messages. */
export const SIZE_EXAMPLES = "some like 64KiB, 500MB or 10GiB";

/** Milliseconds; undefined if the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return parse(text, MILLISECONDS);
}

/** Bytes; undefined if the text is no size. */
export function parseSize(text: string): number | undefined {
  return parse(text, BYTES);
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,12}) ?([A-Za-z]{1,3})$/.exec(text) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  const value = factor === undefined ? NaN : Number(digits) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}
