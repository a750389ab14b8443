/** The results as tables for people: the bars first, then what they are made of. Pure. */
import { ratio, spread } from "../shared/spread.js";
import { align } from "../shared/table.js";
import type { Bar } from "./bars.js";
import { LOG_OPERATIONS, REFUSAL_KINDS, type Results } from "./results.js";

type Cells = readonly (readonly string[])[];

export function tables(results: Results, bars: readonly Bar[]): string {
  const { node, cores } = results.machine;
  return [
    `Node.js ${node}, ${cores} cores`,
    barTable(bars),
    upkeepTable(results),
    idsTable(results),
    disconnectTable(results),
    refusalTable(results),
    logTable(results),
    mixedTable(results),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function barTable(bars: readonly Bar[]): string {
  const missed = bars.filter(({ isMet }) => !isMet).length;
  return titled(missed === 0 ? "All bars are met" : `${missed} of ${bars.length} bars are missed`, [
    ["", "", "measured", "bar", ""],
    ...bars.map(({ part, what, value, limit, unit, isLeast, isMet }) => [
      ...[`${part}: ${what}`, isMet ? "pass" : "MISS", shown(value)],
      ...[`${isLeast ? ">=" : "<="} ${shown(limit)}`, unit],
    ]),
  ]);
}

function upkeepTable({ upkeep }: Results): string {
  return titled("A server that nobody uses", [
    ["logs", "% of a core", "loop max, ms"],
    ...upkeep.map(({ logs, corePercent, loopMilliseconds }) => [
      ...[String(logs), spread(corePercent, 3), spread(loopMilliseconds, 1)],
    ]),
  ]);
}

function idsTable({ ids }: Results): string {
  return titled("CPU of an append while ids are swept, us", [
    ["ids", "with one", "without", "ratio"],
    ...ids.map(({ ids: count, withIds, without }) => [
      ...[String(count), spread(withIds, 1), spread(without, 1), ratio(withIds, without)],
    ]),
  ]);
}

function disconnectTable({ disconnect }: Results): string {
  return titled("Half of a room is cut off", [
    ["store", "loop max, ms", "RSS grows, MB"],
    ...disconnect.map(({ store, loopMilliseconds, rssMegabytes }) => [
      ...[store, spread(loopMilliseconds, 0), spread(rssMegabytes, 0)],
    ]),
  ]);
}

function refusalTable({ refusals }: Results): string {
  const good = refusals.find(({ kind }) => kind === "good")?.cpuMicros ?? [];
  return titled("CPU of a publish, us", [
    ["", "us", "/ taken"],
    ...refusals.map(({ kind, cpuMicros }) => [
      ...[REFUSAL_KINDS[kind], spread(cpuMicros, 1), ratio(cpuMicros, good)],
    ]),
  ]);
}

function logTable({ logs, heads }: Results): string {
  return titled("CPU of each entry appended or read, and of each state, us", [
    ["", "us"],
    ...logs.map(({ store, operation, entries, cpuMicros }) => [
      ...[`${store}, ${entries} entries: ${LOG_OPERATIONS[operation]}`, spread(cpuMicros, 2)],
    ]),
    ...heads.map(({ store, logs: count, cpuMicros }) => [
      ...[`${store}, ${count} logs: state`, spread(cpuMicros, 2)],
    ]),
  ]);
}

/** Ten of the looks, and the last one. */
function mixedTable({ mixed }: Results): string {
  const step = Math.max(1, Math.floor(mixed.length / 10));
  const rows = mixed.filter((_, index) => (mixed.length - 1 - index) % step === 0);
  return titled("A server under mixed load", [
    ["minutes", "heap, MB", "RSS, MB", "descriptors", "calls"],
    ...rows.map(({ minutes, heapMegabytes, rssMegabytes, descriptors, calls }) => [
      ...[
        minutes.toFixed(1),
        heapMegabytes.toFixed(1),
        rssMegabytes.toFixed(0),
        String(descriptors),
        String(calls),
      ],
    ]),
  ]);
}

/** Three digits. */
function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** Nothing, if there is no row below the head. */
function titled(title: string, cells: Cells): string {
  return cells.length < 2 ? "" : `${title}\n${align(cells)}`;
}
