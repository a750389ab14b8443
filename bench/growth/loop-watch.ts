/**
 * By how much the event loop of this process is late. Time in which the process was ready to run, and others had the processor, is not
 * counted: on a machine that has other work too it would be all that there is to see.
 */
import { openSync, readSync } from "node:fs";

/** Milliseconds. */
export interface LoopDelay {
  p99: number;
  max: number;
}

/** Milliseconds between two looks at the event loop. */
const RESOLUTION = 10;

export class LoopWatch {
  readonly #waited = waitMeter();
  #late: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Begins anew. */
  start(): void {
    this.stop();
    this.#late = [];
    let [before, waitedBefore] = [performance.now(), this.#waited()];
    this.#timer = setInterval(() => {
      const [now, waited] = [performance.now(), this.#waited()];
      this.#late.push(Math.max(0, now - before - RESOLUTION - (waited - waitedBefore)));
      [before, waitedBefore] = [now, waited];
    }, RESOLUTION);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Since it was started. Resolves when what came before the question is in it. */
  async delay(): Promise<LoopDelay> {
    await new Promise((resolve) => setTimeout(resolve, 2 * RESOLUTION));
    const late = this.#late.toSorted((a, b) => a - b);
    return { p99: late[Math.ceil(late.length * 0.99) - 1] ?? 0, max: late.at(-1) ?? 0 };
  }
}

/** Milliseconds that the main thread has waited for a processor (proc_pid_schedstat(5)); 0 where the kernel does not count them. */
function waitMeter(): () => number {
  try {
    const file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
    const bytes = Buffer.alloc(64);
    return () => Number(bytes.toString("latin1", 0, readSync(file, bytes, 0, 64, 0)).split(" ")[1]) / 1e6;
  } catch {
    return () => 0;
  }
}
