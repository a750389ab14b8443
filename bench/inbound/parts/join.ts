/** What it costs a server that a client connects, is let in, and joins a room of its own; the servers in turns. */
import { Samples } from "../../shared/statistics.js";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";
import { contenders, type Contender } from "../subjects.js";

/** Clients of a new process that are told apart from the others, at most: its code is not compiled yet. */
const COLD = 256;

/** Measurements before the first that counts: code goes on being compiled for thousands of clients. */
const WARM_UPS = 3;

interface Party extends Contender {
  server: ServerProcess;
}

export async function measureJoin(settings: Settings, say: (line: string) => void): Promise<Results["join"]> {
  const { rounds, joins } = settings;
  const load = await LoadProcess.start();
  const parties: Party[] = [];
  const cpuMicros = new Samples();
  const coldCpuMicros = new Map<string, number>();
  try {
    for (const subject of contenders("join", settings)) {
      const server = await ServerProcess.start(subject, { part: "join", presence: true }, settings);
      const party = { ...subject, server };
      parties.push(party);
      coldCpuMicros.set(subject.name, await measure(party, load, Math.min(COLD, joins)));
    }
    for (let round = 1 - WARM_UPS; round <= rounds; round++) {
      say(round <= 0 ? "join: warming up" : `join: round ${round} of ${rounds}`);
      for (const party of parties) {
        const sample = await measure(party, load, joins);
        if (round > 0) cpuMicros.add(party.name, sample);
      }
    }
  } finally {
    await Promise.all([load.end(), ...parties.map(({ server }) => server.end())]);
  }
  return parties.map(({ name }) => ({
    server: name,
    cpuMicros: cpuMicros.of(name),
    coldCpuMicros: coldCpuMicros.get(name) ?? NaN,
  }));
}

/** Microseconds for each of `count` clients. They are gone, and the server is at rest, when it resolves. */
async function measure({ name, dialect, server }: Party, load: LoadProcess, count: number): Promise<number> {
  const before = server.cpu();
  await load.join({ group: name, dialect, port: server.port, count });
  const after = server.cpu();
  await load.drop(name);
  await server.rest();
  return (after - before) / count;
}
