/** When a process under test has done what was left to do. */
import { setTimeout as delay } from "node:timers/promises";

/** At rest is who has used at most one tick of CPU (microseconds) in so many milliseconds. */
const REST = 500;
const REST_CPU = 10_000;

/**
 * Resolves when it is at rest; rejects if that does not come in `patience` milliseconds.
 * @param cpu What it has used so far, microseconds.
 */
export async function untilAtRest(cpu: () => number, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (let before = -Infinity, now = cpu(); now - before > REST_CPU; now = cpu()) {
    if (performance.now() > deadline) throw new Error("a server does not come to rest");
    before = now;
    await delay(REST);
  }
}
