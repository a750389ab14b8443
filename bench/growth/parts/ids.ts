/** What ids of messages cost while they are swept as fast as they are taken. */
import { join } from "node:path";
import { startIds } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";

export async function measureIds(
  { ids, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["ids"]> {
  const stores = startIds(join(folder, "ids"), ids);
  const withIds: number[] = [];
  const without: number[] = [];
  try {
    say(`ids: two windows of ${ids} ids go by`);
    await stores.ask({ ask: "warm" });
    for (let round = 1; round <= rounds; round++) {
      say(`ids: round ${round} of ${rounds}`);
      for (const has of [true, false]) {
        const { cpuMicros } = await stores.ask<{ cpuMicros: number }>({ ask: "sample", withIds: has });
        (has ? withIds : without).push(cpuMicros);
      }
    }
    const { bytesEach } = await stores.ask<{ bytesEach: number }>({ ask: "disk" });
    return [{ ids, withIds, without, bytesEach }];
  } finally {
    await stores.end();
  }
}
