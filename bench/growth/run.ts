/** The orchestrator: measures one part after the other, with nothing else of its own running meanwhile. */
import { availableParallelism } from "node:os";
import { measureAcks } from "./parts/acks.js";
import { measureDisconnect } from "./parts/disconnect.js";
import { measureIdle } from "./parts/idle.js";
import { measureIds } from "./parts/ids.js";
import { measureHeads, measureLogs } from "./parts/logs.js";
import { measureMixed } from "./parts/mixed.js";
import { measureRefusals } from "./parts/refusals.js";
import { measureTrim } from "./parts/trim.js";
import { measureUpkeep } from "./parts/upkeep.js";
import type { Results } from "./results.js";
import type { Part, Settings } from "./settings.js";

/** @param settings Their folder has to be there, and empty. */
export async function run(settings: Settings, say: (line: string) => void): Promise<Results> {
  const measure = <T>(
    part: Part,
    work: (settings: Settings, say: (line: string) => void) => Promise<T[]>,
  ): Promise<T[]> => (settings.only.includes(part) ? work(settings, say) : Promise.resolve([]));
  return {
    machine: { node: process.versions.node, cores: availableParallelism() },
    idle: await measure("idle", measureIdle),
    upkeep: await measure("upkeep", measureUpkeep),
    ids: await measure("ids", measureIds),
    disconnect: await measure("disconnect", measureDisconnect),
    acks: await measure("acks", measureAcks),
    refusals: await measure("refusals", measureRefusals),
    logs: await measure("logs", measureLogs),
    heads: await measure("logs", measureHeads),
    trim: await measure("trim", measureTrim),
    mixed: await measure("mixed", measureMixed),
  };
}
