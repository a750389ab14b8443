/** How late the loop is while a log lets go nearly all that it has. */
import { closeSync, cpSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fill, startTrim } from "../processes.js";
import type { TrimResult } from "../protocol.js";
import type { Results } from "../results.js";
import { STORES, type Settings } from "../settings.js";

export async function measureTrim(
  { entries, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["trim"]> {
  const full = join(folder, "trim");
  say(`trim: a log gets ${entries} entries`);
  await fill({ ask: "one log", folder: full, entries });
  const results = STORES.map((store) => ({ store, entries, loopMilliseconds: [] as number[] }));
  for (let round = 1; round <= rounds; round++) {
    say(`trim: round ${round} of ${rounds}`);
    for (const { store, loopMilliseconds } of results) {
      const copy = join(folder, `trim ${round}`);
      if (store === "lmdb") copyToDisk(full, copy);
      const process = startTrim();
      try {
        const { loop } = await process.ask<TrimResult>({ ask: "trim", store, folder: copy, entries });
        loopMilliseconds.push(loop.max);
      } finally {
        await process.end();
      }
    }
  }
  return results;
}

/** It is all on the disk: the store is not to wait for what the copying has left to write. */
function copyToDisk(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  for (const name of readdirSync(to)) {
    const file = openSync(join(to, name), "r+");
    fsyncSync(file);
    closeSync(file);
  }
}
