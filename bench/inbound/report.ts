/** The results as tables for people: ratios first. Pure. */
import { ratio, spread } from "../shared/spread.js";
import { align } from "../shared/table.js";
import { DATA_BYTES } from "./message.js";
import type { Results, Storm } from "./results.js";

/** Which servers the others are held against: a column of ratios for each that was measured. */
const YARDSTICKS = ["centrifugo", "ws"] as const;

interface Cell {
  server: string;
  /** A sample for each round. */
  cpuMicros: readonly number[];
}

export function tables(results: Results): string {
  return [
    machineLine(results),
    publishTable(results),
    joinTable(results),
    rejoinTable(results),
    ...[true, false].map((presence) => stormTable(results, presence)),
    growthTable(results),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function machineLine({ machine }: Results): string {
  const { node, cores, centrifugo } = machine;
  return `Node.js ${node}, ${cores} cores${centrifugo === undefined ? "" : `, Centrifugo ${centrifugo}`}`;
}

function publishTable({ publish }: Results): string {
  const title = `Server CPU per publish with its ack, ${DATA_BYTES} bytes of data, each publisher alone in a room`;
  const { head, row } = ratios(publish);
  return titled(title, [
    ["server", ...head, "us"],
    ...publish.map((cell) => [cell.server, ...row(cell), spread(cell.cpuMicros, 1)]),
  ]);
}

function joinTable({ join }: Results): string {
  const { head, row } = ratios(join);
  return titled("Server CPU per client that connects, is let in, and joins a room of its own", [
    ["server", ...head, "us", "cold, us"],
    ...join.map((cell) => [
      cell.server,
      ...row(cell),
      spread(cell.cpuMicros, 0),
      cell.coldCpuMicros.toFixed(0),
    ]),
  ]);
}

function rejoinTable({ rejoin }: Results): string {
  const { clients, rooms, missedEach } = rejoin[0] ?? {};
  const { head, row } = ratios(rejoin);
  const title = `Server CPU per client, of ${clients} that come back to ${rooms} rooms each, with ${missedEach} messages missed in each`;
  return titled(title, [
    ["server", ...head, "us"],
    ...rejoin.map((cell) => [cell.server, ...row(cell), spread(cell.cpuMicros, 0)]),
  ]);
}

const STORM_HEAD = [
  ...["server", "clients", "p50 s", "p99 s", "last s", "loop max ms", "loop p99 ms"],
  ...["peak RSS MB", "CPU us each", "kB each", "lost", "told to wait"],
];

function stormTable({ storm }: Results, presence: boolean): string {
  const rows = storm
    .filter((cell) => cell.presence === presence)
    .map(({ server, clients, seconds, loopDelay, ...cell }) => [
      ...[
        server,
        String(clients),
        ...[seconds.p50, seconds.p99, seconds.last].map((value) => value.toFixed(2)),
      ],
      ...[loopDelay?.max.toFixed(0) ?? "", loopDelay?.p99.toFixed(0) ?? ""],
      ...[
        cell.peakRssMegabytes.toFixed(0),
        cell.cpuMicros.toFixed(0),
        (cell.bytesPerClient / 1000).toFixed(1),
      ],
      ...[String(cell.lost), String(cell.toldToWait)],
    ]);
  return titled(`Clients that all connect at once and join one room, presence ${presence ? "on" : "off"}`, [
    STORM_HEAD,
    ...rows,
  ]);
}

/** What a client gets of a large storm, as times what it gets of a small one. */
function growthTable({ storm }: Results): string {
  const rows = storm.flatMap((large) => {
    const isSmallOfIt = ({ server, presence, clients }: Storm) =>
      server === large.server && presence === large.presence && clients < large.clients;
    const small = storm.find(isSmallOfIt);
    if (small === undefined) return [];
    const bytes = large.bytesPerClient / small.bytesPerClient;
    const cpu = large.cpuMicros / small.cpuMicros;
    return [[large.server, large.presence ? "on" : "off", bytes.toFixed(2), cpu.toFixed(2)]];
  });
  const counts = storm.map(({ clients }) => clients);
  const [few, many] = [Math.min(...counts), Math.max(...counts)];
  return titled(`What a client costs in a storm of ${many}, as times of what it does in one of ${few}`, [
    ["server", "presence", "bytes", "CPU"],
    ...rows,
  ]);
}

/** The columns of ratios: to each yardstick that was measured, and to the same server of each other checkout. */
function ratios(cells: readonly Cell[]): { head: string[]; row: (cell: Cell) => string[] } {
  const micros = (name: string) => cells.find(({ server }) => server === name)?.cpuMicros ?? [];
  const yardsticks = YARDSTICKS.filter((name) => micros(name).length > 0);
  const suffixes = [...new Set(cells.map(({ server }) => /@.*$/.exec(server)?.[0] ?? ""))].filter(
    (suffix) => suffix !== "",
  );
  return {
    head: [...yardsticks, ...suffixes].map((name) => `/ ${name}`),
    row: ({ server, cpuMicros }) => [
      ...yardsticks.map((name) => ratio(cpuMicros, micros(name))),
      ...suffixes.map((suffix) => ratio(cpuMicros, micros(server + suffix))),
    ],
  };
}

/** Nothing, if there is no row below the head. */
function titled(title: string, cells: readonly (readonly string[])[]): string {
  return cells.length < 2 ? "" : `${title}\n${align(cells)}`;
}
