/**
 * A cut (all connections end, and none can be made), then a stall (nothing passes, and nobody is told): who is without messages afterwards,
 * that were published at 10 a second meanwhile.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type Context, Stage } from "../context.js";
import type { ServerProcess } from "../processes.js";
import type { CutResult } from "../results.js";
import type { CutVariant, SubjectName } from "../subjects.js";

const PER_SECOND = 10;

/** Milliseconds. */
const LAST_POLL = 1_500;

interface Watched {
  name: SubjectName;
  variant: CutVariant;
  group: string;
  server: ServerProcess;
}

export async function measureCuts(context: Context): Promise<CutResult[]> {
  const subjects = context.subjects("cuts").filter(([, { cuts }]) => cuts.length > 0);
  if (subjects.length === 0) return [];
  const { instances, cut, peace } = context.settings;
  return Stage.with(context, async (stage) => {
    const { load, relay } = stage;
    const watched: Watched[] = [];
    for (const [name, subject] of subjects) {
      for (const variant of subject.cuts) {
        const group = `${name}, ${variant.by}`;
        const server = await stage.server(variant.server ?? subject.server);
        const passage = await relay.open(group, server.port);
        const settings = { ...subject.settings, ...variant.settings, relay: passage.relay };
        await load.connect(group, { way: subject.way, port: passage.port, settings, count: instances });
        watched.push({ name, variant, group, server });
      }
    }
    context.say(`a cut and a stall of ${cut / 1000} s: ${watched.length} ways, ${instances} clients each`);
    const publish = async (milliseconds: number) => {
      const count = Math.round((milliseconds / 1000) * PER_SECOND);
      const servers = [...new Set(watched.map(({ server }) => server))];
      const published = servers.map(
        async (server) =>
          [server, context.published(await server.publish({ count, perSecond: PER_SECOND }))] as const,
      );
      return new Map(await Promise.all(published));
    };
    const whole = async (milliseconds: number) => {
      const published = await publish(milliseconds);
      // The last ones may be on their way, or wait for the next poll.
      await delay(LAST_POLL);
      return published;
    };

    const calm = await whole(peace / 4);
    for (const { group, server } of watched) await load.expect(group, calm.get(server)!);
    await relay.change("cut");
    const inCut = await publish(cut);
    await relay.change("restore");
    // All are to be back: they try anew after 1 to 7.5 s.
    const afterCut = await whole(peace);
    await relay.change("stall");
    const inStall = await publish(cut);
    await relay.change("release");
    const afterStall = await whole(peace / 2);
    const results: CutResult[] = [];
    for (const { name, variant, group, server } of watched) {
      const [cutBegin, cutEnd] = [inCut.get(server)!, afterCut.get(server)!];
      const [stallBegin, stallEnd] = [inStall.get(server)!, afterStall.get(server)!];
      results.push({
        ...{ name, kind: variant.kind, by: variant.by, meanwhile: cutBegin.last - cutBegin.first + 1 },
        cut: await load.missed(group, { first: cutBegin.first, last: cutEnd.last }),
        stall: await load.missed(group, { first: stallBegin.first, last: stallEnd.last }),
      });
    }
    return results;
  });
}
