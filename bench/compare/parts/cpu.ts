/** What a delivered message costs the server, with what comes back because of it. */
import type { Context, Stage } from "../context.js";
import type { SubjectResult } from "../results.js";

const PER_SECOND = 20;

/** How many windows long each server is warmed up: the first rounds would have what is compiled meanwhile. */
const WARM_UP = 2;

export async function measureCpu(context: Context, stage: Stage): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("cpu");
  if (subjects.length === 0) return [];
  const { cpuClients: clients, rounds, cpuWindow } = context.settings;
  context.say(`server CPU: ${subjects.length} ways in turn, ${clients} clients each, ${rounds} rounds`);
  const { load } = stage;
  const samples = subjects.map(([name]) => ({ name, cpuMicros: [] as number[] }));
  for (const [name, { server: program, way, settings, patience }] of subjects) {
    const server = await stage.server(program, name);
    await load.connect(name, { way, port: server.port, settings, count: clients, patience: 60_000 });
    await load.expect(name, await server.publish(scheduleOf(WARM_UP * cpuWindow)), patience);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, [name, subject]] of subjects.entries()) {
      const server = await stage.server(subject.server, name);
      const window = Math.max(cpuWindow, Math.min(subject.cpuWindow ?? 0, 4 * cpuWindow));
      const before = await server.usage();
      const published = context.published(await server.publish(scheduleOf(window)));
      await load.expect(name, published, subject.patience);
      const { cpu } = await server.usage();
      const deliveries = (published.last - published.first + 1) * clients;
      samples[i]?.cpuMicros.push((cpu - before.cpu) / deliveries);
    }
  }
  for (const { name } of samples) await load.drop(name);
  return samples;
}

function scheduleOf(milliseconds: number): { count: number; perSecond: number } {
  return { count: Math.max(1, Math.round((milliseconds / 1000) * PER_SECOND)), perSecond: PER_SECOND };
}
