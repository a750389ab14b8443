/** The orchestrator: measures one part after the other, with nothing else of its own running meanwhile. */
import { availableParallelism, loadavg } from "node:os";
import { isInMemory, syncTimes } from "./disk.js";
import { measureAppend } from "./parts/append.js";
import { measureGrowth } from "./parts/growth.js";
import { measurePublish } from "./parts/publish.js";
import { measureRecovery } from "./parts/recovery.js";
import type { Results } from "./results.js";
import type { Part, Settings } from "./settings.js";

/** Writes to the disk that are measured. */
const SYNCS = 50;

/** @param settings Their folder has to be there, and empty. */
export async function run(settings: Settings, say: (line: string) => void): Promise<Results> {
  const { folder } = settings;
  const has = (part: Part) => settings.parts.includes(part);
  const before = minuteLoad();
  const disk = { syncMilliseconds: syncTimes(folder, SYNCS), isInMemory: isInMemory(folder) };
  const publish = has("publish") ? await measurePublish(settings, say) : [];
  const append = has("append") ? await measureAppend(settings, say) : [];
  const recovery = has("recovery")
    ? await measureRecovery(settings, say)
    : { join: [], rooms: [], restart: { milliseconds: [] } };
  const growth = has("growth") ? await measureGrowth(settings, say) : [];
  const machine = {
    node: process.versions.node,
    cores: availableParallelism(),
    load: { before, after: minuteLoad() },
    ...disk,
  };
  return { machine, publish, append, ...recovery, growth };
}

function minuteLoad(): number {
  return loadavg()[0] ?? NaN;
}
