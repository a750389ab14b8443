/** What a message costs as its log grows. */
import { join } from "node:path";
import { Samples } from "../../shared/statistics.js";
import { type Operation, OPERATIONS } from "../operations.js";
import { startGrowth } from "../processes.js";
import type { Results } from "../results.js";
import type { Settings } from "../settings.js";

export async function measureGrowth(
  { sizes, rounds, folder }: Settings,
  say: (line: string) => void,
): Promise<Results["growth"]> {
  const operations = Object.keys(OPERATIONS) as Operation[];
  const micros = new Samples();
  const cpuMicros = new Samples();
  const growth = await startGrowth(join(folder, "growth"));
  try {
    // The round 0 fills the large logs and has the code compiled, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      if (round > 0) say(`growth: round ${round} of ${rounds}`);
      for (const messages of sizes) {
        if (round === 0) say(`growth: a log gets ${messages} messages`);
        const result = await growth.ask({ ask: "sample", messages });
        if (round === 0) continue;
        for (const operation of operations) {
          const cost = result[operation];
          micros.add(cellOf(operation, messages), cost.micros);
          cpuMicros.add(cellOf(operation, messages), cost.cpuMicros);
        }
      }
    }
  } finally {
    await growth.end();
  }
  return operations.flatMap((operation) =>
    sizes.map((messages) => {
      const cell = cellOf(operation, messages);
      return { operation, messages, micros: micros.of(cell), cpuMicros: cpuMicros.of(cell) };
    }),
  );
}

function cellOf(operation: Operation, messages: number): string {
  return `${operation} ${messages}`;
}
