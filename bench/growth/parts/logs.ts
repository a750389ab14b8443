/** What it costs to append to a log and to read it, by its length; and to look at logs, by their number. */
import { join } from "node:path";
import { Samples } from "../../shared/statistics.js";
import { startLogs } from "../processes.js";
import type { LogsResult } from "../protocol.js";
import { LOG_OPERATIONS, type LogOperation, type Results } from "../results.js";
import { STORES, type Settings } from "../settings.js";

const OPERATIONS = Object.keys(LOG_OPERATIONS) as LogOperation[];

export async function measureLogs(
  { entries, fewEntries, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["logs"]> {
  const cpuMicros = new Samples();
  const sizes = [fewEntries, entries];
  const cellOf = (...names: (string | number)[]) => names.join(" ");
  const logs = startLogs(join(folder, "logs"));
  try {
    // The round 0 fills the logs and has the code compiled, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? `logs: one gets ${entries} entries` : `logs: round ${round} of ${rounds}`);
      for (const store of STORES) {
        for (const size of sizes) {
          const result = await logs.ask<LogsResult>({ ask: "sample", store, entries: size });
          if (round === 0) continue;
          for (const operation of OPERATIONS)
            cpuMicros.add(cellOf(store, operation, size), result[operation]);
        }
      }
    }
  } finally {
    await logs.end();
  }
  return STORES.flatMap((store) =>
    OPERATIONS.flatMap((operation) =>
      sizes.map((size) => ({
        ...{ store, operation, entries: size },
        cpuMicros: cpuMicros.of(cellOf(store, operation, size)),
      })),
    ),
  );
}

export async function measureHeads(
  { heads, fewHeads, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["heads"]> {
  const sizes = [fewHeads, heads];
  // Those in memory are all in one table: what grows there is what the processor has to fetch.
  const results = sizes.map((logs) => ({ store: "lmdb" as const, logs, cpuMicros: [] as number[] }));
  const stores = startLogs(join(folder, "heads"));
  try {
    for (let round = 0; round <= rounds; round++) {
      say(round === 0 ? `logs: there are ${heads} of them` : `logs: many, round ${round} of ${rounds}`);
      for (const { store, logs, cpuMicros: samples } of results) {
        const { cpuMicros } = await stores.ask<{ cpuMicros: number }>({ ask: "heads", store, logs });
        if (round > 0) samples.push(cpuMicros);
      }
    }
  } finally {
    await stores.end();
  }
  return results;
}
