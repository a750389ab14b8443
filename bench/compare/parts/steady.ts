/**
 * One message a second, all ways at once: latency, and bytes with all that goes with them. The same messages go through nginx to further
 * clients, and how many of them come is the table of proxies.
 */
import { setTimeout as delay } from "node:timers/promises";
import { median } from "../../shared/statistics.js";
import { Nginx } from "../nginx.js";
import { type Context, Stage } from "../context.js";
import { latencyOf } from "../figures.js";
import type { ServerProcess, Passageway } from "../processes.js";
import type { Published } from "../protocol.js";
import type { Pairs, ProxyKind, ProxyResult, SubjectResult } from "../results.js";
import type { Subject, SubjectName } from "../subjects.js";

/** The same in each run: how many messages a poll finds is then the same as well. */
const SEED = 20_261_128;

/** Milliseconds within which a message has to come through a proxy. */
const IN_TIME = 2_000;

interface Steady {
  subjects: Partial<SubjectResult>[];
  pairs?: Pairs;
  proxies: ProxyResult[];
}

interface Proxied extends Omit<ProxyResult, "came"> {
  server: ServerProcess;
  kind: ProxyKind;
  group: string;
}

export async function measureSteady(context: Context): Promise<Steady> {
  const subjects = context.subjects("steady");
  if (subjects.length === 0) return { subjects: [], proxies: [] };
  const { steady: count } = context.settings;
  context.say(`1 message a second: ${subjects.length} ways at once, ${count} messages`);
  return Stage.with(context, async (stage) => {
    const { load, relay } = stage;
    const passages = new Map<SubjectName, Passageway>();
    const servers = new Map<SubjectName, ServerProcess>();
    for (const [name, { server: program, way, settings }] of subjects) {
      const server = await stage.server(program);
      servers.set(name, server);
      const passage = await relay.open(name, server.port);
      passages.set(name, passage);
      await load.connect(name, { way, port: passage.port, settings: { ...settings, relay: passage.relay } });
    }
    const nginx = await startProxies(context, servers);
    try {
      const proxied = nginx === undefined ? [] : await connectProxied(context, stage, nginx, servers);
      await delay(context.settings.settle);
      const before = await Promise.all([...passages.values()].map((passage) => passage.passed()));
      if (context.settings.loseOne !== undefined)
        await passages.get(context.settings.loseOne)?.swallow('"n":2,');
      const published = await publishAll([...new Set(servers.values())], count, context);
      const results: Partial<SubjectResult>[] = [];
      const latencies = new Map<SubjectName, number[]>();
      for (const [i, [name, { patience }]] of subjects.entries()) {
        const of = published.get(servers.get(name)!)!;
        const all = await load.expect(name, of, patience);
        latencies.set(name, all);
        const { up, down } = await passages.get(name)!.passed();
        const was = before[i]!;
        const bytes = { up: (up - was.up) / count, down: (down - was.down) / count };
        results.push({ name, latency: latencyOf(all), bytes });
      }
      const pairs = pairsOf(latencies.get("rooms-socketio"), latencies.get("rooms-plain"));
      const proxies = await countProxied(context, stage, proxied, published);
      return { subjects: results, proxies, ...(pairs === undefined ? {} : { pairs }) };
    } finally {
      await nginx?.end();
    }
  });
}

/** Resolves to what each has published. */
async function publishAll(
  servers: readonly ServerProcess[],
  count: number,
  context: Context,
): Promise<Map<ServerProcess, Published>> {
  const published = servers.map(async (server, i): Promise<[ServerProcess, Published]> => [
    server,
    // Each to a time of its own, or all would be published at the same moment.
    context.published(await server.publish({ count, perSecond: 1, seed: SEED + i })),
  ]);
  return new Map(await Promise.all(published));
}

/** By how much the plain client had each message earlier than the Socket.IO client in the same room. */
export function pairsOf(
  socketIo: readonly number[] | undefined,
  plain: readonly number[] | undefined,
): Pairs | undefined {
  if (socketIo === undefined || plain === undefined) return undefined;
  const leads = socketIo.map((latency, i) => latency - (plain[i] ?? NaN));
  const plainFirst = leads.filter((lead) => lead > 0).length;
  return { count: leads.length, plainFirst, medianLead: median(leads) };
}

function variantsOf([name, subject]: [SubjectName, Subject]): { name: SubjectName; unbuffered: boolean }[] {
  if (!subject.proxied) return [];
  const plain = { name, unbuffered: false };
  return subject.way === "sse" ? [plain, { name, unbuffered: true }] : [plain];
}

const KINDS: readonly ProxyKind[] = ["proxy_pass", "upgrade"];

async function startProxies(
  context: Context,
  servers: ReadonlyMap<SubjectName, ServerProcess>,
): Promise<Nginx | undefined> {
  const { nginx, folder } = context.settings;
  if (nginx === undefined || context.subjects("proxies").length === 0) return undefined;
  return Nginx.start(
    nginx,
    folder,
    [...servers.values()].map(({ port }) => port),
  );
}

async function connectProxied(
  context: Context,
  { load }: Stage,
  nginx: Nginx,
  servers: ReadonlyMap<SubjectName, ServerProcess>,
): Promise<Proxied[]> {
  const proxied: Proxied[] = [];
  for (const entry of context.subjects("proxies")) {
    const [name, { way, settings }] = entry;
    const server = servers.get(name);
    if (server === undefined) continue;
    for (const variant of variantsOf(entry)) {
      for (const kind of KINDS) {
        const group = `${name} behind ${kind}${variant.unbuffered ? ", unbuffered" : ""}`;
        const port = nginx.portTo(server.port, kind);
        const to = { way, port, settings: { ...settings, unbuffered: variant.unbuffered }, patience: 0 };
        // Whether it comes through is what is asked: it goes on trying.
        await load.connect(group, to).catch(() => undefined);
        proxied.push({ ...variant, of: context.settings.proxied, server, kind, group });
      }
    }
  }
  return proxied;
}

async function countProxied(
  context: Context,
  { load }: Stage,
  proxied: readonly Proxied[],
  published: ReadonlyMap<ServerProcess, Published>,
): Promise<ProxyResult[]> {
  const rows = new Map<string, ProxyResult>();
  for (const { name, unbuffered, server, kind, group } of proxied) {
    const { first, last } = published.get(server)!;
    const of = Math.min(context.settings.proxied, last - first + 1);
    const [missed] = await load.missed(group, { first, last: first + of - 1 }, IN_TIME);
    const key = `${name} ${unbuffered}`;
    const row = rows.get(key) ?? { name, unbuffered, of, came: { proxy_pass: 0, upgrade: 0 } };
    row.came[kind] = of - (missed?.lost ?? of);
    rows.set(key, row);
  }
  return [...rows.values()];
}
