/** What it costs on the wire that a client sends a message. */
import { setTimeout as delay } from "node:timers/promises";
import type { Context, Stage } from "../context.js";
import type { SubjectResult } from "../results.js";

/** Milliseconds between two messages: they are not to share a packet. */
const EVERY = 20;

/** No poll comes between. */
const NEVER = 3_600_000;

export async function measureSending(context: Context, stage: Stage): Promise<Partial<SubjectResult>[]> {
  const subjects = context.subjects("sending");
  if (subjects.length === 0) return [];
  const { sends } = context.settings;
  context.say(`bytes of sending: ${subjects.length} ways`);
  const { load, relay } = stage;
  const open = [];
  for (const [name, { server: program, way, settings }] of subjects) {
    const server = await stage.server(program, name);
    const passage = await relay.open(name, server.port);
    const own = { ...settings, relay: passage.relay, ...(way === "polling" ? { pollEvery: NEVER } : {}) };
    await load.connect(name, { way, port: passage.port, settings: own });
    open.push({ name, server, passage });
  }
  await delay(context.settings.settle);
  const results: Partial<SubjectResult>[] = [];
  for (const { name, server, passage } of open) {
    const before = await passage.passed();
    const known = await server.received();
    await load.send(name, sends, EVERY);
    await arrived(async () => (await server.received()) - known, sends, name);
    const { up, down } = await passage.passed();
    const sending = { up: (up - before.up) / sends, down: (down - before.down) / sends };
    await load.drop(name);
    results.push({ name, sending });
  }
  return results;
}

/** Milliseconds. */
const PATIENCE = 5_000;

async function arrived(received: () => Promise<number>, wanted: number, name: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const count = await received();
    if (count === wanted) return;
    if (count > wanted || performance.now() > deadline)
      throw new Error(`${name}: ${count} of ${wanted} messages reached the server`);
    await delay(20);
  }
}
