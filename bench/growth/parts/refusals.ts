/** What a publish costs a server that it refuses, beside one that it takes. */
import { join } from "node:path";
import { Samples } from "../../shared/statistics.js";
import { LoadProcess, ServerProcess } from "../processes.js";
import type { ServerSetup } from "../protocol.js";
import { MAX_DATA_BYTES } from "../message.js";
import { REFUSAL_KINDS, type RefusalKind, type Results } from "../results.js";
import type { Settings } from "../settings.js";

/** Clients that publish at the same time, each alone in its room. */
const CALLERS = 64;

/** Measurements before the first that counts, which have the servers' code compiled. */
const WARM_UPS = 2;

/** Bytes of a store that is full with a few hundred messages. */
const SMALL = 2 * 1024 * 1024;

type ServerKind = "usual" | "slow" | "small";

const SETUPS: Readonly<Record<ServerKind, Partial<ServerSetup>>> = {
  usual: { messageBytes: MAX_DATA_BYTES },
  slow: { isSlow: true },
  small: { maxBytes: SMALL },
};

const KINDS = Object.keys(REFUSAL_KINDS) as RefusalKind[];

function serverOf(kind: RefusalKind): ServerKind {
  if (kind === "rate_limited") return "slow";
  return kind === "unavailable" ? "small" : "usual";
}

export async function measureRefusals(
  { publishes, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["refusals"]> {
  const count = Math.min(CALLERS, publishes);
  const each = Math.ceil(publishes / count);
  const cpuMicros = new Samples();
  const load = await LoadProcess.start();
  const servers = new Map<ServerKind, ServerProcess>();
  try {
    for (const [kind, setup] of Object.entries(SETUPS) as [ServerKind, Partial<ServerSetup>][]) {
      const path = join(folder, `refusals ${kind}`);
      servers.set(kind, await ServerProcess.start({ store: "lmdb", folder: path, ...setup }));
    }
    const of = (kind: RefusalKind): ServerProcess => servers.get(serverOf(kind))!;
    for (const kind of KINDS) await load.callers({ group: kind, port: of(kind).port, count, kind });
    for (let round = 1 - WARM_UPS; round <= rounds; round++) {
      say(round <= 0 ? "refusals: warming up" : `refusals: round ${round} of ${rounds}`);
      for (const kind of KINDS) {
        const server = of(kind);
        const before = (await server.usage({ gc: false })).cpu;
        await load.call({ group: kind, each });
        const { cpu } = await server.usage({ gc: false });
        if (round > 0) cpuMicros.add(kind, (cpu - before) / (each * count));
      }
    }
  } finally {
    await Promise.all([load, ...servers.values()].map((process) => process.end()));
  }
  return KINDS.map((kind) => ({ kind, cpuMicros: cpuMicros.of(kind) }));
}
