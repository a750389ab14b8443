/** The results as tables for people. Pure. */
import { lowerQuartile } from "../shared/statistics.js";
import { align } from "../shared/table.js";
import { View } from "./page/view.js";
import type { CutResult, Results, SubjectResult } from "./results.js";
import { SUBJECTS } from "./subjects.js";

export function tables(results: Results): string {
  return [mainTable(results), cutTable(results), proxyTable(results)]
    .filter((text) => text !== "")
    .join("\n\n");
}

const HEAD = [
  ...["", "p50 1/s ms", "p50 200/s", "bytes 1/s", "bytes 200/s", "sending"],
  ...["CPU us", "x ws", "idle kB", "idle CPU ms/min", "RTs", "burst ms"],
];

function mainTable(results: Results): string {
  const { subjects } = results;
  const view = new View(results);
  return align([HEAD, ...subjects.map((subject) => row(subject, view.cpuRatio(subject.name)))]);
}

function row(subject: SubjectResult, cpuRatio: number): string[] {
  const { latency, latencyFast, bytes, bytesFast, sending, idle, first, burst } = subject;
  const cpu = lowerQuartile(subject.cpuMicros ?? []);
  return [
    SUBJECTS[subject.name].title,
    ...[decimal(latency?.p50, 2), decimal(latencyFast?.p50, 2)],
    ...[passed(bytes), passed(bytesFast), passed(sending)],
    ...[decimal(cpu, 1), decimal(cpuRatio, 2)],
    ...[decimal(idle?.kilobytes, 1), decimal(idle?.cpuMillisPerMinute, 2)],
    ...[decimal(first?.roundTrips, 1), decimal(burst, 0)],
  ];
}

function cutTable({ cuts }: Results): string {
  if (cuts.length === 0) return "";
  const lost = (of: CutResult["cut"]) => of.map((client) => client.lost).join(" ");
  const repeated = ({ cut, stall }: CutResult) =>
    [...cut, ...stall].map((client) => client.repeated).join(" ");
  const rows = cuts.map((cut) => [
    ...[SUBJECTS[cut.name].title, cut.kind, cut.by],
    ...[lost(cut.cut), lost(cut.stall), repeated(cut)],
  ]);
  return `Messages that each client did not get\n${align([
    ["", "", "", "cut", "stall", "repeated"],
    ...rows,
  ])}`;
}

function proxyTable({ proxies }: Results): string {
  if (proxies.length === 0) return "";
  const rows = proxies.map(({ name, unbuffered, of, came }) => [
    SUBJECTS[name].title + (unbuffered ? ", X-Accel-Buffering: no" : ""),
    ...[`${came.proxy_pass} of ${of}`, `${came.upgrade} of ${of}`],
  ]);
  return `Messages that came through nginx in time\n${align([["", "proxy_pass", "with Upgrade"], ...rows])}`;
}

function decimal(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "" : value.toFixed(digits);
}

function passed(bytes: { up: number; down: number } | undefined): string {
  return bytes === undefined ? "" : `${bytes.up.toFixed(0)}+${bytes.down.toFixed(0)}`;
}
