/** The measurements. Each one takes a server that nobody else uses meanwhile, and the receivers' process. */
import type { Receivers, ServerProcess } from "./child.js";
import type { Entry } from "./protocol.js";

/** Broadcasts that are under way at most before the receivers have to have got them all: they fit in socket buffers. */
const WINDOW = 100;

/** Receivers that connect before the count of accepted connections begins, so that its code is compiled. */
const WARM_UP_CONNECTIONS = 200;

/** A server with receivers in its room. */
export interface Party {
  server: ServerProcess;
  /** The receivers' group. */
  group: string;
  size: number;
  /** Bytes that each receiver gets of a burst in one tick. */
  tickBytes: (burst: number) => number;
}

/**
 * Microseconds of the server's CPU per delivered message: `broadcasts` in all, in bursts of `burst` per event-loop tick.
 * After every few bursts it waits until each receiver has got every byte, so that no server runs ahead of its readers.
 */
export async function fanout(
  { server, group, size, tickBytes }: Party,
  receivers: Receivers,
  { broadcasts, burst }: { broadcasts: number; burst: number },
): Promise<number> {
  const ticks = Math.max(1, Math.round(broadcasts / burst));
  const broadcast = async (count: number): Promise<void> => {
    const ticksAtATime = Math.max(1, Math.floor(WINDOW / burst));
    for (let tick = 0; tick < count; tick += ticksAtATime) {
      const now = Math.min(ticksAtATime, count - tick);
      await Promise.all([receivers.expect(group, now * tickBytes(burst)), server.broadcast(now, burst)]);
    }
  };
  // Not counted: while it was another server's turn, the processor's caches were that server's.
  await broadcast(Math.ceil(WINDOW / burst));
  const before = await server.usage();
  await broadcast(ticks);
  const after = await server.usage();
  return (after.cpu - before.cpu) / (ticks * burst * size);
}

/** What `connections` idle connections cost a server that was just started. */
export interface Cost {
  /** Kilobytes (1,000 bytes) of resident memory for each. */
  kilobytes: number;
  /** Connections accepted per second of the server's CPU. */
  perCpuSecond: number;
}

export async function idle(
  server: ServerProcess,
  receivers: Receivers,
  { entry, group, connections }: { entry: Entry; group: string; connections: number },
): Promise<Cost> {
  const warmUp = Math.min(WARM_UP_CONNECTIONS, Math.floor(connections / 10));
  // One comes and goes first: what is loaded at the first connection is not the connections' cost.
  await receivers.connect(group, entry, server.port, 1);
  await receivers.drop(group);
  await quiet(server);
  const none = await server.usage({ gc: true });

  await receivers.connect(group, entry, server.port, warmUp);
  await quiet(server);
  const start = await server.usage();
  await receivers.connect(group, entry, server.port, connections - warmUp);
  const end = await server.usage();
  await quiet(server);
  const all = await server.usage({ gc: true });
  await receivers.drop(group);
  return {
    kilobytes: (all.rss - none.rss) / 1000 / connections,
    perCpuSecond: (connections - warmUp) / ((end.cpu - start.cpu) / 1e6),
  };
}

/** Resolves once the server has used next to no CPU for a tenth of a second. */
async function quiet(server: ServerProcess): Promise<void> {
  let before = await server.usage();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await server.usage();
    if (now.cpu - before.cpu < 3_000) return;
    before = now;
  }
}
