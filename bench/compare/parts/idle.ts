/** What clients cost that only are there: memory, and CPU for their heartbeats. All servers at once, each in a process of its own. */
import { setTimeout as delay } from "node:timers/promises";
import { type Context, Stage } from "../context.js";
import type { ServerProcess } from "../processes.js";
import type { SubjectResult } from "../results.js";
import type { SubjectName } from "../subjects.js";

/** Clients that connect before memory is read for the first time: what is made once is not theirs. */
const WARM_UP = 20;

export async function measureIdle(context: Context): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("idle");
  if (subjects.length === 0) return [];
  const { idleClients, idleWindow, settle } = context.settings;
  context.say(`idle clients: ${subjects.length} ways, ${idleClients} clients each`);
  return Stage.with(context, async (stage) => {
    const { load } = stage;
    const open: { name: SubjectName; server: ServerProcess; clients: number; kilobytes: number }[] = [];
    for (const [name, { server: program, way, settings, mostIdle }] of subjects) {
      const clients = Math.min(idleClients, mostIdle ?? Infinity);
      const server = await stage.server(program, name);
      const to = { way, port: server.port, settings, patience: 120_000 };
      await load.connect(name, { ...to, count: Math.min(WARM_UP, clients) });
      await delay(settle / 2);
      const empty = await server.usage({ gc: true });
      await load.connect(name, { ...to, count: clients });
      await delay(settle);
      const full = await server.usage({ gc: true });
      open.push({ name, server, clients, kilobytes: (full.rss - empty.rss) / clients / 1000 });
    }
    const usages = () => Promise.all(open.map(({ server }) => server.usage()));
    const before = await usages();
    await delay(idleWindow);
    const after = await usages();
    return open.map(({ name, clients, kilobytes }, i) => {
      const cpu = (after[i]?.cpu ?? NaN) - (before[i]?.cpu ?? NaN);
      const cpuMillisPerMinute = (cpu / 1000 / clients / idleWindow) * 60_000;
      return { name, idle: { clients, kilobytes, cpuMillisPerMinute } };
    });
  });
}
