/** What a publish with its ack costs a server that is warm, the servers in turns. */
import { Samples } from "../../shared/statistics.js";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";
import { contenders } from "../subjects.js";

/** Measurements before the first that counts, which have the servers' code compiled. */
const WARM_UPS = 2;

/** Publishes of each publisher that are not counted: while it was another server's turn, the processor's caches were that one's. */
const WARM_UP_EACH = 4;

export async function measurePublish(
  settings: Settings,
  say: (line: string) => void,
): Promise<Results["publish"]> {
  const { rounds, publishers } = settings;
  const each = Math.max(1, Math.round(settings.publishes / publishers));
  const subjects = contenders("publish", settings);
  const load = await LoadProcess.start();
  const servers: { name: string; server: ServerProcess }[] = [];
  const cpuMicros = new Samples();
  try {
    for (const subject of subjects) {
      const { name, dialect } = subject;
      const server = await ServerProcess.start(subject, { part: "publish", presence: true }, settings);
      servers.push({ name, server });
      await load.connectPublishers({ group: name, dialect, port: server.port, count: publishers });
    }
    for (let round = 1 - WARM_UPS; round <= rounds; round++) {
      say(round <= 0 ? "publish: warming up" : `publish: round ${round} of ${rounds}`);
      for (const { name, server } of servers) {
        await load.publish(name, WARM_UP_EACH);
        const before = server.cpu();
        await load.publish(name, each);
        if (round > 0) cpuMicros.add(name, (server.cpu() - before) / (each * publishers));
      }
    }
  } finally {
    await Promise.all([load.end(), ...servers.map(({ server }) => server.end())]);
  }
  return servers.map(({ name }) => ({ server: name, cpuMicros: cpuMicros.of(name) }));
}
