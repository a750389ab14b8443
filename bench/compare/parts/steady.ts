/**
 * One message a second, all ways at once: latency, and bytes with all that goes with them. The same messages go through nginx to further
 * clients, and how many of them come is the table of proxies.
 */
import { setTimeout as delay } from "node:timers/promises";
import { median } from "../../shared/statistics.js";
import { Nginx } from "../nginx.js";
import type { Context, Stage } from "../context.js";
import { latencyOf } from "../latency.js";
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

export async function measureSteady(context: Context, stage: Stage): Promise<Steady> {
  const subjects = context.subjects("steady");
  if (subjects.length === 0) return { subjects: [], proxies: [] };
  const { steady: count } = context.settings;
  context.say(`1 message a second: ${subjects.length} ways at once, ${count} messages`);
  const { load, relay } = stage;
  const passages = new Map<SubjectName, Passageway>();
  const servers = await startServers(stage, subjects);
  for (const [name, { way, settings }] of subjects) {
    const server = servers.get(name)!;
    const passage = await relay.open(name, server.port);
    passages.set(name, passage);
    await load.connect(name, { way, port: passage.port, settings: { ...settings, relay: passage.relay } });
  }
  const { nginx, proxied } = await startProxies(context, stage);
  try {
    await delay(context.settings.settle);
    const before = await Promise.all([...passages.values()].map((passage) => passage.passed()));
    if (context.settings.loseOne !== undefined)
      await passages.get(context.settings.loseOne)?.swallow('"n":2,');
    const all = [...servers.values(), ...proxied.map(({ server }) => server)];
    const published = await publishAll([...new Set(all)], count, context);
    const results: Partial<SubjectResult>[] = [];
    const latencies = new Map<SubjectName, number[]>();
    for (const [i, [name, { patience }]] of subjects.entries()) {
      const of = published.get(servers.get(name)!)!;
      const own = await load.expect(name, of, patience);
      latencies.set(name, own);
      const { up, down } = await passages.get(name)!.passed();
      const was = before[i]!;
      const bytes = { up: (up - was.up) / count, down: (down - was.down) / count };
      results.push({ name, latency: latencyOf(own), bytes });
    }
    const pairs = pairsOf(latencies.get("rooms-socketio"), latencies.get("rooms-plain"));
    const proxies = await countProxied(context, stage, proxied, published);
    for (const { group } of proxied) await load.drop(group);
    for (const [name] of subjects) await load.drop(name);
    return { subjects: results, proxies, ...(pairs === undefined ? {} : { pairs }) };
  } finally {
    await nginx?.end();
  }
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
  const plain = { name, unbuffered: false };
  return subject.way === "sse" ? [plain, { name, unbuffered: true }] : [plain];
}

const KINDS: readonly ProxyKind[] = ["proxy_pass", "upgrade"];

/** Each has one of its own: two clients of one server would be told one after the other. The two in one room are so on purpose. */
async function startServers(
  stage: Stage,
  subjects: readonly [SubjectName, Subject][],
): Promise<Map<SubjectName, ServerProcess>> {
  const started = subjects.map(async ([name, { server }]): Promise<[SubjectName, ServerProcess]> => [
    name,
    await stage.server(server, server.isRooms === true ? "room" : name),
  ]);
  return new Map(await Promise.all(started));
}

/** Before servers of their own: what is done for these is not to be in the way of the others. */
async function startProxies(context: Context, stage: Stage): Promise<{ nginx?: Nginx; proxied: Proxied[] }> {
  const { nginx: program, folder, proxied: of } = context.settings;
  const subjects = context.subjects("proxies").filter(([, { proxied }]) => proxied);
  if (program === undefined || subjects.length === 0) return { proxied: [] };
  const servers = new Map<SubjectName, ServerProcess>();
  for (const [name, { server }] of subjects) servers.set(name, await stage.server(server, "proxied"));
  const ports = [...servers.values()].map(({ port }) => port);
  const nginx = await Nginx.start(program, folder, ports);
  const proxied: Proxied[] = [];
  for (const entry of subjects) {
    const [name, { way, settings, proxiedSettings = settings }] = entry;
    const server = servers.get(name)!;
    for (const variant of variantsOf(entry)) {
      for (const kind of KINDS) {
        const group = `${name} behind ${kind}${variant.unbuffered ? ", unbuffered" : ""}`;
        const port = nginx.portTo(server.port, kind);
        const own = { ...proxiedSettings, unbuffered: variant.unbuffered };
        // Whether it comes through is what is asked: it goes on trying.
        await stage.load.connect(group, { way, port, settings: own, patience: 0 }).catch(() => undefined);
        proxied.push({ ...variant, of, server, kind, group });
      }
    }
  }
  return { nginx, proxied };
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
