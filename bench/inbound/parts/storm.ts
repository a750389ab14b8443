/** What a server goes through to which many clients connect at once, all to one room. Each storm meets a new process. */
import { median } from "../../shared/statistics.js";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { StormResult } from "../protocol.js";
import type { Storm } from "../results.js";
import type { Settings } from "../settings.js";
import { contenders, type Contender } from "../subjects.js";

/** So that the clients can take what a server sends, and are not what is measured. */
const PROCESSES = 2;

const GROUP = "storm";

export async function measureStorm(settings: Settings, say: (line: string) => void): Promise<Storm[]> {
  const { clients, fewClients, storms } = settings;
  const loads = await Promise.all(Array.from({ length: PROCESSES }, () => LoadProcess.start()));
  const results: Storm[] = [];
  try {
    for (const presence of [true, false]) {
      const subjects = contenders("storm", settings).filter((subject) => subject.presence || !presence);
      for (const subject of subjects) {
        for (const count of new Set([fewClients, clients])) {
          const samples: Storm[] = [];
          for (let round = 1; round <= storms; round++) {
            say(`storm: ${count} clients, presence ${presence ? "on" : "off"}, ${subject.name}`);
            samples.push(await measure(subject, { count, presence, loads }, settings, say));
          }
          results.push(medianOf(samples));
        }
      }
    }
  } finally {
    await Promise.all(loads.map((load) => load.end()));
  }
  return results;
}

async function measure(
  subject: Contender,
  { count, presence, loads }: { count: number; presence: boolean; loads: readonly LoadProcess[] },
  settings: Settings,
  say: (line: string) => void,
): Promise<Storm> {
  const { name, dialect } = subject;
  const server = await ServerProcess.start(subject, { part: "storm", presence }, settings);
  try {
    const before = server.cpu();
    await server.watchLoop();
    const parts = await Promise.all(
      loads.map((load, index) =>
        load.storm({
          ...{ group: GROUP, dialect, port: server.port, patience: settings.patience * 1000 },
          count: Math.floor((count + index) / loads.length),
        }),
      ),
    );
    const loopDelay = await server.loopDelay();
    const [cpu, peakRss] = [server.cpu() - before, server.peakRss()];
    await Promise.all(loads.map((load) => load.drop(GROUP)));
    const reason = parts.find((part) => part.reason !== undefined)?.reason;
    if (reason !== undefined) say(`storm: ${name}: clients were lost: ${reason}`);
    return {
      ...{ server: name, presence, clients: count, seconds: secondsOf(parts) },
      ...(loopDelay === undefined ? {} : { loopDelay }),
      peakRssMegabytes: peakRss / 1e6,
      bytesPerClient: sum(parts, ({ bytes }) => bytes) / count,
      cpuMicros: cpu / count,
      lost: sum(parts, ({ lost }) => lost),
      toldToWait: sum(parts, ({ toldToWait }) => toldToWait),
    };
  } finally {
    await server.end();
  }
}

function secondsOf(parts: readonly StormResult[]): Storm["seconds"] {
  const seconds = parts
    .flatMap(({ milliseconds }) => milliseconds.map((each) => each / 1000))
    .sort((a, b) => a - b);
  const at = (share: number) => seconds[Math.ceil(share * seconds.length) - 1] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), last: at(1) };
}

function sum(parts: readonly StormResult[], value: (part: StormResult) => number): number {
  return parts.reduce((total, part) => total + value(part), 0);
}

/** The storm in the middle, by when its last client was in. */
function medianOf(samples: readonly Storm[]): Storm {
  const middle = median(samples.map(({ seconds }) => seconds.last));
  const distance = ({ seconds }: Storm) => Math.abs(seconds.last - middle);
  return samples.reduce((best, sample) => (distance(sample) < distance(best) ? sample : best));
}
