/** What a process uses of the machine. */

/** Since the process began. */
export interface Usage {
  /** Microseconds of CPU, user and system, of all its threads. */
  cpu: number;
  /** Resident memory, bytes. */
  rss: number;
}

/** Of this process. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, rss: process.memoryUsage.rss() };
}
