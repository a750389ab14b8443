/** Half of a room's members are cut off at once, as by a network that fails. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import { STORES, type Settings } from "../settings.js";

/** Milliseconds after the grace in which it has begun that all who are away are told of: it is looked at twice a second. */
const AFTER_GRACE = 1_000;

const GROUP = "crowd";

export async function measureDisconnect(
  { members, rounds, folder, grace }: Settings,
  say: (line: string) => void,
): Promise<Results["disconnect"]> {
  const results: Results["disconnect"] = [];
  for (const store of STORES) {
    const server = await ServerProcess.start({
      ...{ store, folder: join(folder, `disconnect ${store}`), presenceGrace: grace },
    });
    const load = await LoadProcess.start();
    const loopMilliseconds: number[] = [];
    const rssMegabytes: number[] = [];
    const half = Math.floor(members / 2);
    try {
      for (let round = 1; round <= rounds; round++) {
        say(`disconnect: round ${round} of ${rounds} (${store})`);
        const count = round === 1 ? members : half;
        await load.come({ group: GROUP, port: server.port, count, roomSize: Infinity });
        await server.rest();
        const { rss } = await server.usage({ gc: true });
        await server.watch();
        await load.cut({ group: GROUP, count: half });
        await delay(grace + AFTER_GRACE);
        await server.rest();
        const { loop, peakRss } = await server.watched();
        loopMilliseconds.push(loop.max);
        rssMegabytes.push((peakRss - rss) / 1e6);
      }
      results.push({ store, members, loopMilliseconds, rssMegabytes });
    } finally {
      await Promise.all([load.end(), server.end()]);
    }
  }
  return results;
}
