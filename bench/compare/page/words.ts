/** How figures are said. Pure. */

/** Two figures of CPU, memory or time that differ by less are called the same: so much they differ from run to run. */
const NOISE = 0.12;
/** Bytes and round trips hardly do. */
export const EXACT = 0.03;

export function milliseconds(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} s`;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

export function bytes(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  if (value >= 9_950) return `${(value / 1_000).toFixed(0)} kB`;
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} kB`;
  return `${value.toFixed(0)} bytes`;
}

export function kilobytes(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} GB`;
  if (value >= 1_000) return `${(value / 1_000).toFixed(value < 9_950 ? 1 : 0)} MB`;
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} kB`;
}

export function microseconds(value: number): string {
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} µs`;
}

export function times(value: number): string {
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} times`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`;
}

/** "about the same", "12 % more" or "3.1 times as much", as it is. */
export function beside(value: number, other: number, noise = NOISE): string {
  const ratio = value / other;
  if (Math.abs(ratio - 1) <= noise) return "about the same";
  if (ratio >= 1.95) return `${times(ratio)} as much`;
  if (ratio > 1) return `${((ratio - 1) * 100).toFixed(0)} % more`;
  return `${((1 - ratio) * 100).toFixed(0)} % less`;
}

/** The least and the most: "18 to 41 kB", or one where they read alike. */
export function range(values: readonly number[], say: (value: number) => string): string {
  const [least, most] = [say(Math.min(...values)), say(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}

export function list(names: readonly string[], and = "and"): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${and} ${names.at(-1) ?? ""}`;
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
