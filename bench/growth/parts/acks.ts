/** How many acks of an inbox one user's device may make in a second. */
import { join } from "node:path";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import { STORES, type Settings } from "../settings.js";

export async function measureAcks(
  { items, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["acks"]> {
  const results: Results["acks"] = [];
  for (const store of STORES) {
    const server = await ServerProcess.start({ store, folder: join(folder, `acks ${store}`) });
    const load = await LoadProcess.start();
    const perSecond: number[] = [];
    try {
      // The round 0 has the code compiled, and is not counted.
      for (let round = 0; round <= rounds; round++) {
        say(round === 0 ? `acks: warming up (${store})` : `acks: round ${round} of ${rounds} (${store})`);
        const { milliseconds } = await load.acks({ port: server.port, items });
        if (round > 0) perSecond.push((items / milliseconds) * 1000);
        if (round < rounds) await server.rest();
      }
      results.push({ store, perSecond });
    } finally {
      await Promise.all([load.end(), server.end()]);
    }
  }
  return results;
}
