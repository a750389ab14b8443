/** 200 messages a second to one client, one way after the other. */
import type { Context, Stage } from "../context.js";
import { latencyOf } from "../latency.js";
import type { SubjectResult } from "../results.js";

const PER_SECOND = 200;
const SEED = 7;

/** Messages that are not counted: what upgrades does so, and code gets warm. */
const WARM_UP = { count: 100, perSecond: PER_SECOND } as const;

export async function measureFast(context: Context, stage: Stage): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("fast");
  if (subjects.length === 0) return [];
  const { fast: count } = context.settings;
  context.say(`${PER_SECOND} messages a second: ${subjects.length} ways in turn`);
  const { load, relay } = stage;
  const results: Partial<SubjectResult>[] = [];
  for (const [name, { server: program, way, settings, patience }] of subjects) {
    const server = await stage.server(program, name);
    const passage = await relay.open(name, server.port);
    await load.connect(name, { way, port: passage.port, settings: { ...settings, relay: passage.relay } });
    await load.expect(name, await server.publish(WARM_UP), patience);
    const before = await passage.passed();
    const published = context.published(await server.publish({ count, perSecond: PER_SECOND, seed: SEED }));
    const latencies = await load.expect(name, published, patience);
    const { up, down } = await passage.passed();
    await load.drop(name);
    const bytesFast = { up: (up - before.up) / count, down: (down - before.down) / count };
    results.push({ name, latencyFast: latencyOf(latencies), bytesFast });
  }
  return results;
}
