/** What the benchmark prints: the JSON object's type, and the tables for people. Pure. */
import { align } from "../shared/table.js";

export interface Results {
  /** Microseconds of server CPU per delivered message, at `burst` broadcasts per event-loop tick. */
  fanout: { server: string; burst: number; cpuMicros: number }[];
  /** Kilobytes (1,000 bytes) of resident memory per idle connection. */
  idle: { server: string; kilobytes: number }[];
  /** Connections accepted per second of server CPU. */
  accept: { server: string; perCpuSecond: number }[];
}

/** Which servers the others are held against: a column of ratios for each that was measured. */
const YARDSTICKS = ["ws-preframed", "uws"] as const;

export function tables(results: Results): string {
  return [fanoutTable(results), idleTable(results)].filter((table) => table !== "").join("\n\n");
}

function fanoutTable({ fanout }: Results): string {
  if (fanout.length === 0) return "";
  const servers = [...new Set(fanout.map(({ server }) => server))];
  const bursts = [...new Set(fanout.map(({ burst }) => burst))];
  const micros = (server: string, burst: number) =>
    fanout.find((cell) => cell.server === server && cell.burst === burst)?.cpuMicros;
  const against = (server: string, other: string) =>
    bursts.map((burst) => ratio(micros(server, burst), micros(other, burst)));
  const yardsticks = YARDSTICKS.filter((name) => servers.includes(name));

  const head = [
    "server",
    ...bursts.map((burst) => `B=${burst}`),
    ...yardsticks.flatMap((name) => bursts.map((burst) => `/${name} B=${burst}`)),
  ];
  const rows = servers.map((server) => [
    server,
    ...bursts.map((burst) => micros(server, burst)?.toFixed(2) ?? ""),
    ...yardsticks.flatMap((name) => against(server, name)),
  ]);
  const lines = ["Fan-out: server CPU per delivered message, microseconds", align([head, ...rows])];
  if (servers.includes("socketio") && servers.includes("crossroom-socketio")) {
    const ratios = against("crossroom-socketio", "socketio").map(
      (text, i) => `${text} (B=${bursts[i] ?? ""})`,
    );
    lines.push(`crossroom-socketio / socketio: ${ratios.join(", ")}`);
  }
  return lines.join("\n");
}

function idleTable({ idle, accept }: Results): string {
  if (idle.length === 0) return "";
  const head = ["server", "kilobytes each", "accepted per CPU second"];
  const rows = idle.map(({ server, kilobytes }) => {
    const accepted = accept.find((row) => row.server === server)?.perCpuSecond;
    return [server, kilobytes.toFixed(1), accepted?.toFixed(0) ?? ""];
  });
  return ["Idle connections", align([head, ...rows])].join("\n");
}

function ratio(value: number | undefined, other: number | undefined): string {
  return value === undefined || other === undefined ? "" : (value / other).toFixed(2);
}
