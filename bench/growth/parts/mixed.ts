/** Whether a server under mixed load goes on to grow. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { MixedSample, Results } from "../results.js";
import type { Settings } from "../settings.js";

/** Looks at the server, evenly spread. */
const SAMPLES = 30;

export async function measureMixed(
  { minutes, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["mixed"]> {
  const server = await ServerProcess.start({ store: "lmdb", folder: join(folder, "mixed") });
  const load = await LoadProcess.start();
  const samples: MixedSample[] = [];
  try {
    await load.mix(server.port);
    for (let index = 1; index <= SAMPLES; index++) {
      await delay((minutes * 60_000) / SAMPLES);
      const { rss, heap, descriptors } = await server.usage({ gc: true });
      const { calls } = await load.mixed();
      const sample: MixedSample = {
        ...{ minutes: (minutes * index) / SAMPLES, descriptors, calls },
        ...{ heapMegabytes: heap / 1e6, rssMegabytes: rss / 1e6 },
      };
      samples.push(sample);
      say(
        `mixed: ${sample.minutes.toFixed(1)} of ${minutes} minutes: heap ${sample.heapMegabytes.toFixed(1)} MB`,
      );
    }
  } finally {
    await Promise.all([load.end(), server.end()]);
  }
  return samples;
}
