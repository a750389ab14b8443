/** The metrics of a server, as its text says. */
import { DEADLINE } from "../../../support/deadline.js";

/** The value of each series, by its name with its labels as they are written. */
export function seriesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line): [string, number] => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** Those series of a server that have been counted: all that are not 0, without durations, the store's and the process'. */
export function countedIn(text: string): Record<string, number> {
  const ours = [...seriesOf(text)].filter(
    ([series, value]) =>
      value !== 0 && /^crossroom_(?!build_info|store_|eventloop_|call_seconds_(bucket|sum))/.test(series),
  );
  return Object.fromEntries(ours.map(([series, value]) => [series.slice("crossroom_".length), value]));
}

/** What is counted once it is as `holds` wants it. Rejects at the deadline. */
export async function untilCounted(
  server: { metrics(): Promise<string> },
  holds: (counted: Record<string, number>) => boolean,
  what: string,
): Promise<Record<string, number>> {
  const end = performance.now() + DEADLINE;
  for (;;) {
    const counted = countedIn(await server.metrics());
    if (holds(counted)) return counted;
    if (performance.now() > end)
      throw new Error(`waited ${DEADLINE} ms until ${what}: ${JSON.stringify(counted)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
