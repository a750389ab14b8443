/** The results as tables for people: medians of the rounds, with the least and the most of them in brackets. Pure. */
import { ratio, spread } from "../shared/spread.js";
import { align } from "../shared/table.js";
import { MESSAGE_BYTES } from "./message.js";
import { OPERATIONS, type Operation } from "./operations.js";
import type { Results } from "./results.js";
import type { StoreName } from "./settings.js";

type Cells = readonly (readonly string[])[];

export function tables(results: Results): string {
  return [
    machineLines(results),
    publishTable(results),
    appendTable(results),
    joinTable(results),
    roomsTable(results),
    growthTable(results, "micros"),
    growthTable(results, "cpuMicros"),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function machineLines({ machine }: Results): string {
  const { node, cores, load, syncMilliseconds, isInMemory } = machine;
  const lines = [
    `Node.js ${node}, ${cores} cores; load ${load.before.toFixed(1)} before, ${load.after.toFixed(1)} after`,
    `The disk keeps 4 KiB in ${spread(syncMilliseconds, 2)} ms`,
    "Medians of the rounds (least-most); a ratio is that of two neighbours of one round",
  ];
  if (isInMemory) {
    lines.push(
      "THE FOLDER IS IN MEMORY: nothing here says what durability costs. Give another with --folder.",
    );
  }
  return lines.join("\n");
}

function publishTable({ publish }: Results): string {
  const title = `Publishes acked per second, ${MESSAGE_BYTES} bytes, each publisher alone in a room`;
  return storesTable(
    [title, "publishers"],
    publish.map((cell) => ({ ...cell, row: `${cell.publishers} ${cell.protocol}` })),
  );
}

function appendTable({ append }: Results): string {
  return storesTable(
    ["Appends per second, the store without a server", "at a time"],
    append.map((cell) => ({ ...cell, row: String(cell.appenders) })),
  );
}

const STORE_COLUMNS = ["memory", "lmdb", "lmdb / memory", "CPU us, memory", "CPU us, lmdb"];

interface StoreCell {
  row: string;
  store: StoreName;
  perSecond: number[];
  cpuMicros: number[];
}

/** Each row sets both stores beside each other. */
function storesTable([title, corner]: [string, string], cells: readonly StoreCell[]): string {
  const none = { perSecond: [], cpuMicros: [] };
  const rows = [...new Set(cells.map(({ row }) => row))].map((name) => {
    const find = (wanted: StoreName) =>
      cells.find(({ row, store }) => row === name && store === wanted) ?? none;
    const [memory, lmdb] = [find("memory"), find("lmdb")];
    return [
      name,
      ...[spread(memory.perSecond, 0), spread(lmdb.perSecond, 0), ratio(lmdb.perSecond, memory.perSecond)],
      ...[spread(memory.cpuMicros, 0), spread(lmdb.cpuMicros, 0)],
    ];
  });
  return titled(title, [[corner, ...STORE_COLUMNS], ...rows]);
}

function joinTable({ join, restart }: Results): string {
  const memory = join.find(({ condition }) => condition === "memory")?.milliseconds ?? [];
  const rows = join.map(({ condition, milliseconds }) => [
    condition,
    spread(milliseconds, 1),
    ratio(milliseconds, memory),
  ]);
  const table = titled(`A join since ${join[0]?.missed ?? 0} messages ago: milliseconds to its ack, parsed`, [
    ["server", "milliseconds", "/ memory"],
    ...rows,
  ]);
  if (table === "") return "";
  return `${table}\nThe server was killed; on its data it listened again after ${spread(restart.milliseconds, 0)} ms`;
}

function roomsTable({ rooms }: Results): string {
  const memory = rooms.find(({ condition }) => condition === "memory")?.seconds ?? [];
  const { clients = 0, rooms: each = 0, missedEach = 0 } = rooms[0] ?? {};
  const rows = rooms.map(({ condition, seconds }) => [
    condition,
    spread(seconds, 2),
    spread(
      seconds.map((value) => (clients * each) / value),
      0,
    ),
    ratio(seconds, memory),
  ]);
  const title = `${clients} clients come back to ${each} rooms each, with ${missedEach} messages missed in each room`;
  return titled(title, [["server", "seconds", "rooms per second", "seconds / memory"], ...rows]);
}

function growthTable({ growth }: Results, value: "micros" | "cpuMicros"): string {
  const sizes = [...new Set(growth.map(({ messages }) => messages))];
  const [smallest] = sizes;
  const operations = [...new Set(growth.map(({ operation }) => operation))];
  const micros = (operation: Operation, size: number | undefined) =>
    growth.find((cell) => cell.operation === operation && cell.messages === size)?.[value] ?? [];
  const count = (size: number | undefined) => size?.toLocaleString("en") ?? "";
  const rows = operations.map((operation) => [
    OPERATIONS[operation],
    ...sizes.map((size) => spread(micros(operation, size), 1)),
    ...sizes.slice(1).map((size) => ratio(micros(operation, size), micros(operation, smallest))),
  ]);
  const unit = value === "micros" ? "Microseconds" : "Microseconds of CPU";
  return titled(`${unit} for each message, in a log of LMDB that has so many`, [
    ["", ...sizes.map(count), ...sizes.slice(1).map((size) => `${count(size)} / ${count(smallest)}`)],
    ...rows,
  ]);
}

/** Nothing, if there is no row below the head. */
function titled(title: string, cells: Cells): string {
  return cells.length < 2 ? "" : `${title}\n${align(cells)}`;
}
