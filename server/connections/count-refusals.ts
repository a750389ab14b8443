/** Counts the requests and connections that limits of the transports refuse. */
import { CLOSE_CODES, REFUSALS } from "@crossroom/bridge";
import type { Metrics } from "../metrics/metrics.js";
import type { RoomsIo } from "./rooms-io.js";

type Limit = Parameters<Metrics["refused"]>[0];

const LIMITS: ReadonlyMap<unknown, Limit> = new Map<unknown, Limit>([
  [REFUSALS.tooManyFromAddress.code, "maxConnectionsPerAddress"],
  [REFUSALS.tooManyConnections.code, "maxConnections"],
  [REFUSALS.overloaded.code, "maxWaitingUpgrades"],
  [REFUSALS.upgradeTimeout.code, "upgradeTimeout"],
  [CLOSE_CODES.tooManyMessages.reason, "maxMessagesPerSecond"],
]);

export function countRefusals(io: RoomsIo, metrics: Pick<Metrics, "refused">): void {
  io.engine.on("connection_error", ({ context }: { context?: { name?: unknown } }) => {
    const limit = LIMITS.get(context?.name);
    if (limit !== undefined) metrics.refused(limit);
  });
}
