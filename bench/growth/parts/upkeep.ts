/** What a server costs that nobody uses: with no logs, and with many. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fill, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";

/** Seconds of a window: most of what is done is done once in a minute. */
const WINDOW = 60;

/** Seconds in which a server starts. */
const START = 5;

export async function measureUpkeep(
  { idleLogs, upkeepSeconds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["upkeep"]> {
  const windows = Math.max(1, Math.round(upkeepSeconds / WINDOW));
  const windowSeconds = upkeepSeconds / windows;
  const sizes = [0, idleLogs];
  const folders = sizes.map((logs) => join(folder, `upkeep ${logs}`));
  say(`upkeep: ${idleLogs} logs are made`);
  for (const [index, logs] of sizes.entries()) {
    await fill({ ask: "idle logs", folder: folders[index]!, logs });
  }
  const results = sizes.map((logs) => ({
    ...{ logs, windowSeconds, corePercent: [] as number[], loopMilliseconds: [] as number[] },
  }));
  // First what it uses, and then by how much the loop is late: to look at the loop costs more than all else.
  for (const isWatched of [false, true]) {
    const servers = await Promise.all(
      folders.map((one) => ServerProcess.start({ store: "lmdb", folder: one })),
    );
    try {
      // What is done a minute after the start is in the first window, and not at the border of two.
      await delay(Math.min(START, windowSeconds) * 1000);
      for (let window = 1; window <= windows; window++) {
        say(`upkeep: ${isWatched ? "the loop" : "the CPU"}, ${window} of ${windows} windows`);
        const before = await Promise.all(servers.map((server) => server.usage({ gc: false })));
        if (isWatched) await Promise.all(servers.map((server) => server.watch()));
        await delay(windowSeconds * 1000);
        for (const [index, server] of servers.entries()) {
          const result = results[index]!;
          if (isWatched) result.loopMilliseconds.push((await server.watched()).loop.max);
          else {
            const { cpu } = await server.usage({ gc: false });
            result.corePercent.push(((cpu - before[index]!.cpu) / (windowSeconds * 1e6)) * 100);
          }
        }
      }
    } finally {
      await Promise.all(servers.map((server) => server.end()));
    }
  }
  return results;
}
