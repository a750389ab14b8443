/** Whether two runs say the same: what differs by more than it does from run to run on one machine. Pure. */
import { View } from "./page/view.js";
import type { Results } from "./results.js";
import type { SubjectName } from "./subjects.js";

interface Bound {
  readonly what: string;
  readonly figure: (view: View, name: SubjectName) => number;
  /** The most that the larger may be of the smaller. */
  readonly factor: number;
  /** A difference that is none, however large the factor. */
  readonly slack: number;
}

export const BOUNDS: readonly Bound[] = [
  { what: "p50 at 1/s", figure: (view, name) => view.latency(name), factor: 2, slack: 0.3 },
  { what: "p50 at 200/s", figure: (view, name) => view.latencyFast(name), factor: 2, slack: 0.3 },
  { what: "bytes at 1/s", figure: (view, name) => view.bytes(name), factor: 1.05, slack: 1 },
  // How many messages a poll finds is a matter of microseconds there.
  { what: "bytes at 200/s", figure: (view, name) => view.bytesFast(name), factor: 1.25, slack: 1 },
  { what: "bytes of sending", figure: (view, name) => view.sending(name), factor: 1.05, slack: 1 },
  { what: "CPU, as times of ws", figure: (view, name) => view.cpuRatio(name), factor: 1.1, slack: 0.05 },
  { what: "idle kB", figure: (view, name) => view.kilobytes(name), factor: 1.1, slack: 1 },
  { what: "round trips", figure: (view, name) => view.roundTrips(name), factor: 1.05, slack: 0.2 },
  { what: "burst", figure: (view, name) => view.burst(name), factor: 1.1, slack: 20 },
];

/** One line for each figure that is beyond its bound; empty where there is none. */
export function differences(results: Results, other: Results): string[] {
  const [a, b] = [new View(results), new View(other)];
  const lines: string[] = [];
  for (const { what, figure, factor, slack } of BOUNDS) {
    for (const name of results.subjects.map((subject) => subject.name)) {
      const [one, two] = [figure(a, name), figure(b, name)];
      if (Number.isNaN(one) || Number.isNaN(two) || Math.abs(one - two) <= slack) continue;
      const ratio = Math.max(one, two) / Math.min(one, two);
      if (ratio > factor)
        lines.push(
          `${name}, ${what}: ${short(one)} and ${short(two)}, ${ratio.toFixed(2)} times (bound ${factor})`,
        );
    }
  }
  for (const { name, kind } of results.cuts) {
    if (b.cut(name, kind) === undefined) continue;
    // As it comes, how much is lost is a matter of chance: whether anything is, is not.
    const lost = (view: View) =>
      kind === "with recovery" ? view.worstLoss(name, kind) : Math.min(1, view.lostInCut(name, kind));
    if (lost(a) !== lost(b)) lines.push(`${name}, lost ${kind}: ${lost(a)} and ${lost(b)}`);
  }
  for (const { name, unbuffered } of results.proxies) {
    for (const kind of ["proxy_pass", "upgrade"] as const) {
      const [one, two] = [a, b].map((view) => view.passesText(name, kind, unbuffered));
      if (one !== two && two !== "") lines.push(`${name} behind ${kind}: ${one} and ${two}`);
    }
  }
  return lines;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
