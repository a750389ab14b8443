/** What each connection holds that does nothing: with few of them, and with many. */
import { join } from "node:path";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";

/** Members of each room that the clients are in. */
const ROOM_SIZE = 20;

/** Clients that come and go first, so that what is compiled and kept for all is not counted. */
const WARM_UP = 500;

/** Processes with clients: what one may have open is what the server may. */
const PROCESSES = 2;

export async function measureIdle(
  { connections, fewConnections, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["idle"]> {
  const server = await ServerProcess.start({
    ...{ store: "lmdb", folder: join(folder, "idle"), presenceGrace: 200 },
  });
  const loads = await Promise.all(Array.from({ length: PROCESSES }, () => LoadProcess.start()));
  const { port } = server;
  const come = (group: string, count: number) =>
    Promise.all(
      loads.map((load, index) =>
        load.come({
          ...{ group: `${group} ${index}`, port, roomSize: ROOM_SIZE },
          count: Math.floor((count + index) / PROCESSES),
        }),
      ),
    );
  const results: Results["idle"] = [];
  try {
    const warmUp = Math.min(WARM_UP, fewConnections);
    await come("warm", warmUp);
    await Promise.all(loads.map((load, index) => load.cut({ group: `warm ${index}`, count: warmUp })));
    await server.rest();
    const { rss: none } = await server.usage({ gc: true });
    let there = 0;
    for (const count of [fewConnections, connections]) {
      say(`idle: ${count} connections`);
      await come("idle", count - there);
      there = count;
      await server.rest();
      const { rss } = await server.usage({ gc: true });
      results.push({ store: "lmdb", connections: count, kilobytes: (rss - none) / 1000 / count });
    }
  } finally {
    await Promise.all([server, ...loads].map((process) => process.end()));
  }
  return results;
}
