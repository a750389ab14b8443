/** What each message costs that this process handles. */

/** Microseconds for each message. */
export interface Cost {
  /** By the clock: what is waited for is in it, the disk and other processes too. */
  micros: number;
  /** Of this process's CPU, user and system, all threads. Other processes hardly change it. */
  cpuMicros: number;
}

/** @param work Resolves to how many messages it has handled. */
export async function costOf(work: () => Promise<number>): Promise<Cost> {
  const start = performance.now();
  const before = process.cpuUsage();
  const count = await work();
  const { user, system } = process.cpuUsage(before);
  return { micros: ((performance.now() - start) * 1000) / count, cpuMicros: (user + system) / count };
}
