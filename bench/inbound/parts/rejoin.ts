/** What it costs a server that clients come back at the same time, to rooms in which each has missed messages. */
import { Samples } from "../../shared/statistics.js";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";
import { contenders } from "../subjects.js";

/** Of each client, and of each room. */
const ROOMS = 10;
const MESSAGES = 5;

export async function measureRejoin(
  settings: Settings,
  say: (line: string) => void,
): Promise<Results["rejoin"]> {
  const { rounds, absentees: clients } = settings;
  const load = await LoadProcess.start();
  const servers: { name: string; server: ServerProcess }[] = [];
  const cpuMicros = new Samples();
  try {
    for (const subject of contenders("rejoin", settings)) {
      const { name } = subject;
      const server = await ServerProcess.start(subject, { part: "rejoin", presence: true }, settings);
      servers.push({ name, server });
      say(`rejoin: ${clients * ROOMS} rooms get their messages (${name})`);
      await load.leave(server.port, { group: name, clients, rooms: ROOMS, messages: MESSAGES });
      await server.rest();
    }
    // The round 0 has the servers' code compiled, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? "rejoin: warming up" : `rejoin: round ${round} of ${rounds}`);
      for (const { name, server } of servers) {
        const before = server.cpu();
        await load.comeBack(name, server.port);
        const after = server.cpu();
        if (round > 0) cpuMicros.add(name, (after - before) / clients);
        await server.rest();
      }
    }
  } finally {
    await Promise.all([load.end(), ...servers.map(({ server }) => server.end())]);
  }
  return servers.map(({ name }) => ({
    ...{ server: name, clients, rooms: ROOMS, missedEach: MESSAGES },
    cpuMicros: cpuMicros.of(name),
  }));
}
