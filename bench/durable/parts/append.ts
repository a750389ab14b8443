/** Appends per second to both stores, in turns, with no server around them. */
import { join } from "node:path";
import { Samples } from "../../shared/statistics.js";
import { startStores } from "../processes.js";
import type { Results } from "../results.js";
import { STORES, type Settings } from "../settings.js";

export async function measureAppend(
  { publishers, rounds, milliseconds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["append"]> {
  const perSecond = new Samples();
  const cpuMicros = new Samples();
  const stores = await startStores(join(folder, "append"));
  try {
    // The round 0 has the stores' code compiled, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? "append: warming up" : `append: round ${round} of ${rounds}`);
      for (const appenders of publishers) {
        for (const store of STORES) {
          const cost = await stores.ask({ ask: "append", store, appenders, milliseconds });
          if (round === 0) continue;
          perSecond.add(`${store} ${appenders}`, 1e6 / cost.micros);
          cpuMicros.add(`${store} ${appenders}`, cost.cpuMicros);
        }
      }
    }
  } finally {
    await stores.end();
  }
  return publishers.flatMap((appenders) =>
    STORES.map((store) => {
      const cell = `${store} ${appenders}`;
      return { appenders, store, perSecond: perSecond.of(cell), cpuMicros: cpuMicros.of(cell) };
    }),
  );
}
