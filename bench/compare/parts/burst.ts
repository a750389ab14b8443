/** Five messages in short order over a long way: whoever has to ask again for each shows it here, as the loopback does not. */
import { median } from "../../shared/statistics.js";
import type { Context, Stage } from "../context.js";
import type { SubjectResult } from "../results.js";
import { ROUND_TRIP } from "./first.js";

const BURST = { count: 5, perSecond: 50 } as const;

export async function measureBurst(context: Context, stage: Stage): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("burst");
  if (subjects.length === 0) return [];
  context.say(`bursts of ${BURST.count} messages: ${subjects.length} ways`);
  const { load, relay } = stage;
  const open = [];
  for (const [name, { server: program, way, settings, patience }] of subjects) {
    const server = await stage.server(program, name);
    const passage = await relay.open(name, server.port, ROUND_TRIP / 2);
    await load.connect(name, { way, port: passage.port, settings: { ...settings, relay: passage.relay } });
    open.push({ name, server, patience, lasts: [] as number[] });
  }
  for (let i = 0; i < context.settings.bursts; i++) {
    const published = await Promise.all(open.map(({ server }) => server.publish(BURST)));
    for (const [j, { name, patience, lasts }] of open.entries()) {
      const latencies = await load.expect(name, context.published(published[j]!), patience);
      lasts.push(Math.max(...latencies));
    }
  }
  for (const { name } of open) await load.drop(name);
  return open.map(({ name, lasts }) => ({ name, burst: median(lasts) }));
}
