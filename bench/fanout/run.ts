/** The orchestrator: starts the processes, and measures the servers in turns, so that the machine's noise hits all alike. */
import { join } from "node:path";
import { median, Samples } from "../shared/statistics.js";
import type { Bun } from "./bun.js";
import { Receivers, ServerProcess } from "./child.js";
import { tickBytes } from "./entry.js";
import { fanout, idle, type Party } from "./measure.js";
import type { Results } from "./report.js";
import { SUBJECTS, type SubjectInfo, type SubjectName } from "./subjects.js";

export interface Settings {
  servers: SubjectName[];
  receivers: number;
  /** Broadcasts per server and burst size, all rounds together; 0 leaves the fan-out out. */
  broadcasts: number;
  /** Broadcasts per event-loop tick. */
  bursts: number[];
  /** Times that each server is measured; what counts is the median. */
  rounds: number;
  /** Bytes of a broadcast's WebSocket frame. */
  frameBytes: number;
  /** Idle connections; 0 leaves them out. */
  connections: number;
  bun: Bun | undefined;
}

/** Broadcasts per server and burst size before anything is measured: a server that serves rooms has its code compiled. */
const WARM_UP_BROADCASTS = 1_000;

/** Memory is not as noisy as time is, and thousands of connections take theirs. */
const MAX_IDLE_ROUNDS = 3;

export async function run(settings: Settings, say: (line: string) => void): Promise<Results> {
  const receivers = await Receivers.start(join(import.meta.dirname, "receivers.js"));
  try {
    return {
      fanout: settings.broadcasts > 0 ? await runFanout(settings, receivers, say) : [],
      ...(settings.connections > 0 ? await runIdle(settings, receivers, say) : { idle: [], accept: [] }),
    };
  } finally {
    await receivers.end();
  }
}

async function runFanout(
  settings: Settings,
  receivers: Receivers,
  say: (line: string) => void,
): Promise<Results["fanout"]> {
  const { bursts, rounds, receivers: size, frameBytes } = settings;
  const parties: Party[] = [];
  const samples = new Samples();
  try {
    for (const name of settings.servers) {
      say(`fan-out: ${name} warms up`);
      const server = await start(name, settings);
      const { entry } = SUBJECTS[name];
      const party: Party = {
        server,
        group: name,
        size,
        tickBytes: (burst) => tickBytes(entry, frameBytes, burst),
      };
      parties.push(party);
      await receivers.connect(name, SUBJECTS[name].entry, server.port, size);
      for (const burst of bursts) {
        await fanout(party, receivers, { broadcasts: WARM_UP_BROADCASTS, burst });
      }
    }
    for (let round = 1; round <= rounds; round++) {
      say(`fan-out: round ${round} of ${rounds}`);
      for (const burst of bursts) {
        for (const party of parties) {
          const micros = await fanout(party, receivers, { broadcasts: settings.broadcasts / rounds, burst });
          samples.add(`${party.group} ${burst}`, micros);
        }
      }
    }
  } finally {
    await Promise.all(parties.map(({ server }) => server.end()));
  }
  return settings.servers.flatMap((server) =>
    bursts.map((burst) => ({ server, burst, cpuMicros: median(samples.of(`${server} ${burst}`)) })),
  );
}

async function runIdle(
  settings: Settings,
  receivers: Receivers,
  say: (line: string) => void,
): Promise<Pick<Results, "idle" | "accept">> {
  const names = settings.servers.filter((name) => SUBJECTS[name].idle);
  const kilobytes = new Samples();
  const perCpuSecond = new Samples();
  const rounds = Math.min(settings.rounds, MAX_IDLE_ROUNDS);
  for (let round = 1; round <= rounds; round++) {
    say(`idle connections: round ${round} of ${rounds}`);
    for (const name of names) {
      const server = await start(name, settings);
      try {
        const { entry } = SUBJECTS[name];
        const cost = await idle(server, receivers, { entry, group: name, connections: settings.connections });
        kilobytes.add(name, cost.kilobytes);
        perCpuSecond.add(name, cost.perCpuSecond);
      } finally {
        await server.end();
      }
    }
  }
  return {
    idle: names.map((server) => ({ server, kilobytes: median(kilobytes.of(server)) })),
    accept: names.map((server) => ({ server, perCpuSecond: median(perCpuSecond.of(server)) })),
  };
}

function start(name: SubjectName, { bun, frameBytes }: Settings): Promise<ServerProcess> {
  const { script: file = name }: SubjectInfo = SUBJECTS[name];
  const script = [join(import.meta.dirname, "servers", `${file}.js`), String(frameBytes)];
  if (SUBJECTS[name].runtime === "node") {
    return ServerProcess.start(name, process.execPath, ["--expose-gc", ...script]);
  }
  if (!bun) throw new Error(`${name} needs Bun`);
  return ServerProcess.start(name, bun.path, script);
}
