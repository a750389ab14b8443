/** How many round trips and bytes it takes to the first message. */
import { median } from "../../shared/statistics.js";
import type { Context, Stage } from "../context.js";
import type { SubjectResult } from "../results.js";

/** Milliseconds. */
export const ROUND_TRIP = 100;

export async function measureFirst(context: Context, stage: Stage): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("first");
  if (subjects.length === 0) return [];
  context.say(`round trips to the first message: ${subjects.length} ways`);
  const { load, relay } = stage;
  const results: Partial<SubjectResult>[] = [];
  for (const [name, { server, way, settings }] of subjects) {
    const { port } = await stage.server(server, name);
    // Libraries are loaded, and code is warm.
    await load.connect("warm", { way, port, settings });
    await load.drop("warm");
    const times: number[] = [];
    const ups: number[] = [];
    const downs: number[] = [];
    for (let i = 0; i < context.settings.firsts; i++) {
      const passage = await relay.open(`${name} ${i}`, port, ROUND_TRIP / 2);
      const to = { way, port: passage.port, settings: { ...settings, relay: passage.relay } };
      times.push(...(await load.connect(name, to)));
      const { up, down } = await passage.passed();
      ups.push(up);
      downs.push(down);
      await load.drop(name);
    }
    const first = { roundTrips: median(times) / ROUND_TRIP, up: median(ups), down: median(downs) };
    results.push({ name, first });
  }
  return results;
}
