/** The bars, and whether the results are within them. Pure. */
import { median } from "../shared/statistics.js";
import { LOG_OPERATIONS, REFUSAL_KINDS, type LogOperation, type Results } from "./results.js";

/** Windows in an hour: in the first one is what is done once an hour, and in the others is not. */
const WINDOWS_AN_HOUR = 60;

export interface Bar {
  part: keyof Results;
  what: string;
  unit: string;
  value: number;
  limit: number;
  /** Whether the value is to be no less, and not no more, than the limit. */
  isLeast: boolean;
  isMet: boolean;
}

/** Those of what was measured. */
export function barsOf(results: Results): Bar[] {
  return [
    ...idleBars(results),
    ...upkeepBars(results),
    ...idsBars(results),
    ...disconnectBars(results),
    ...acksBars(results),
    ...refusalBars(results),
    ...logBars(results),
    ...headBars(results),
    ...trimBars(results),
    ...mixedBars(results),
  ];
}

function atMost(part: Bar["part"], what: string, value: number, limit: number, unit: string): Bar {
  return { part, what, unit, value, limit, isLeast: false, isMet: value <= limit };
}

function idleBars({ idle }: Results): Bar[] {
  const [few, many] = idle;
  if (few === undefined || many === undefined) return [];
  return [
    atMost("idle", `RSS of each of ${many.connections} connections`, many.kilobytes, 25, "KB"),
    atMost("idle", `the same / of ${few.connections}`, many.kilobytes / few.kilobytes, 1.3, "x"),
  ];
}

function upkeepBars({ upkeep }: Results): Bar[] {
  return upkeep
    .slice(1)
    .flatMap(({ logs, corePercent, loopMilliseconds }) => [
      atMost("upkeep", `CPU with ${logs} idle logs`, hourly(corePercent), 0.1, "% of a core"),
      atMost("upkeep", `the loop is late with ${logs} idle logs`, Math.max(...loopMilliseconds), 10, "ms"),
    ]);
}

function idsBars({ ids }: Results): Bar[] {
  return ids.flatMap(({ withIds, without, bytesEach }) => [
    atMost(
      "ids",
      "CPU of an append with an id, while others are swept / without",
      ratioOf(withIds, without),
      3,
      "x",
    ),
    atMost("ids", "disk of an id", bytesEach, 150, "bytes"),
  ]);
}

function disconnectBars({ disconnect }: Results): Bar[] {
  return disconnect.flatMap(({ store, members, loopMilliseconds, rssMegabytes }) => [
    atMost(
      "disconnect",
      `the loop is late as half of ${members} are cut (${store})`,
      median(loopMilliseconds),
      200,
      "ms",
    ),
    atMost("disconnect", `RSS grows meanwhile (${store})`, median(rssMegabytes), 200, "MB"),
  ]);
}

function acksBars({ acks }: Results): Bar[] {
  return acks.map(({ store, perSecond }) => {
    const value = median(perSecond);
    return {
      ...{ part: "acks" as const, what: `one user's acks of an inbox (${store})`, unit: "a second" },
      ...{ value, limit: 3_000, isLeast: true, isMet: value >= 3_000 },
    };
  });
}

function refusalBars({ refusals }: Results): Bar[] {
  const good = refusals.find(({ kind }) => kind === "good")?.cpuMicros ?? [];
  return refusals
    .filter(({ kind }) => kind !== "good")
    .map(({ kind, cpuMicros }) =>
      atMost(
        "refusals",
        `CPU of a publish: ${REFUSAL_KINDS[kind]} / taken`,
        ratioOf(cpuMicros, good),
        0.5,
        "x",
      ),
    );
}

function logBars({ logs }: Results): Bar[] {
  const least = Math.min(...logs.map(({ entries }) => entries));
  return logs
    .filter(({ entries }) => entries > least)
    .map(({ store, operation, entries, cpuMicros }) => {
      const isOther = (cell: Results["logs"][number]) =>
        cell.store === store && cell.operation === operation && cell.entries === least;
      const what = `CPU of ${textOf(operation)}, of ${entries} entries / ${least} (${store})`;
      return atMost("logs", what, ratioOf(cpuMicros, logs.find(isOther)?.cpuMicros ?? []), 1.2, "x");
    });
}

function textOf(operation: LogOperation): string {
  return LOG_OPERATIONS[operation];
}

function headBars({ heads }: Results): Bar[] {
  const least = Math.min(...heads.map(({ logs }) => logs));
  return heads
    .filter(({ logs }) => logs > least)
    .map(({ store, logs, cpuMicros }) => {
      const few = heads.find((cell) => cell.store === store && cell.logs === least)?.cpuMicros ?? [];
      return atMost(
        "heads",
        `CPU of state, of each of ${logs} logs / ${least} (${store})`,
        ratioOf(cpuMicros, few),
        1.2,
        "x",
      );
    });
}

function trimBars({ trim }: Results): Bar[] {
  return trim.map(({ store, entries, loopMilliseconds }) =>
    atMost(
      "trim",
      `the loop is late as ${entries} entries go (${store})`,
      median(loopMilliseconds),
      15,
      "ms",
    ),
  );
}

/** The last third beside the one before it: in the first one much is still new. */
function mixedBars({ mixed }: Results): Bar[] {
  if (mixed.length === 0) return [];
  const third = Math.floor(mixed.length / 3);
  const growth = (value: (sample: Results["mixed"][number]) => number) =>
    median(mixed.slice(-third).map(value)) / median(mixed.slice(-2 * third, -third).map(value));
  const { minutes = 0 } = mixed.at(-1) ?? {};
  return [
    atMost(
      "mixed",
      `heap in the last third of ${minutes} minutes / in the second`,
      growth(({ heapMegabytes }) => heapMegabytes),
      1.05,
      "x",
    ),
    atMost(
      "mixed",
      "open descriptors, likewise",
      growth(({ descriptors }) => descriptors),
      1.05,
      "x",
    ),
  ];
}

/** Round by round, so that what slows down both does not count. */
function ratioOf(values: readonly number[], others: readonly number[]): number {
  return median(values.map((value, round) => value / (others[round] ?? NaN)));
}

/** Of an hour, as if all its windows after the first one were as those that were measured. */
function hourly(windows: readonly number[]): number {
  const [first = NaN, ...others] = windows;
  if (others.length === 0) return first;
  return (first + (WINDOWS_AN_HOUR - 1) * median(others)) / WINDOWS_AN_HOUR;
}
