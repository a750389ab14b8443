/** What clients cost that only are there: memory, and CPU for their heartbeats. All servers at once, each in a process of its own. */
import { setTimeout as delay } from "node:timers/promises";
import { type Context, Stage } from "../context.js";
import type { LoadProcess, ServerProcess } from "../processes.js";
import type { SubjectResult } from "../results.js";
import type { Subject, SubjectName } from "../subjects.js";

/**
 * The part of the clients that connects before memory is read for the first time: what is made once is not theirs, and what was free from
 * the server's beginning is taken.
 */
const WARM_UP = 0.3;

/** Ways whose clients connect at the same time: as many as there are cores for the servers, and not so many that handshakes time out. */
const TOGETHER = 3;

/** Of its young generation, whose size follows what happened last and not what clients need, as little as can be is measured: MB. */
const LEAN = ["--max-semi-space-size=1"];

interface Crowd {
  name: SubjectName;
  subject: Subject;
  server: ServerProcess;
  load: LoadProcess;
  clients: number;
}

export async function measureIdle(context: Context): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("idle");
  if (subjects.length === 0) return [];
  const { idleClients, idleWindow, settle } = context.settings;
  context.say(`idle clients: ${subjects.length} ways, ${idleClients} clients each`);
  return Stage.with(context, async (stage) => {
    const crowds = await inTurns(subjects, async ([name, subject]): Promise<Crowd> => {
      const clients = Math.min(idleClients, subject.mostIdle ?? Infinity);
      const server = await stage.server(subject.server, name, LEAN);
      // Clients have a process for each way: one could not open so many files.
      const load = await stage.moreClients();
      const crowd = { name, subject, server, load, clients };
      await connect(crowd, Math.ceil(WARM_UP * clients));
      return crowd;
    });
    await delay(settle);
    const empty = await inTurns(crowds, ({ server }) => server.usage({ gc: true }));
    await inTurns(crowds, (crowd) => connect(crowd, crowd.clients));
    await delay(settle);
    const full = await inTurns(crowds, ({ server }) => server.usage({ gc: true }));
    const usages = () => Promise.all(crowds.map(({ server }) => server.usage()));
    const before = await usages();
    await delay(idleWindow);
    const after = await usages();
    return crowds.map(({ name, clients }, i) => {
      const kilobytes = ((full[i]?.rss ?? NaN) - (empty[i]?.rss ?? NaN)) / clients / 1000;
      const cpu = (after[i]?.cpu ?? NaN) - (before[i]?.cpu ?? NaN);
      const cpuMillisPerMinute = (cpu / 1000 / clients / idleWindow) * 60_000;
      return { name, idle: { clients, kilobytes, cpuMillisPerMinute } };
    });
  });
}

async function connect({ name, subject, server, load }: Crowd, count: number): Promise<void> {
  const { way, settings } = subject;
  await load.connect(name, { way, port: server.port, settings, patience: 120_000, count });
}

/** A few at a time, in their order. */
async function inTurns<Item, Value>(
  items: readonly Item[],
  each: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  const waiting = items.entries();
  const lane = async () => {
    for (const [i, item] of waiting) values[i] = await each(item);
  };
  await Promise.all(Array.from({ length: TOGETHER }, lane));
  return values;
}
