/** An environment whose clock a test moves by hand. */
import type { Environment } from "../../../clients/typescript/src/environment.js";

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

export class ManualClock implements Environment {
  /** What `random` returns; with 0, delays are what they are on average. */
  luck = 0;
  #time = 1_000_000;
  #timers = new Set<Timer>();
  #offlineTasks = new Set<() => void>();

  now(): number {
    return this.#time;
  }

  random(): number {
    return this.luck;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#time + ms, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  onOffline(task: () => void): () => void {
    this.#offlineTasks.add(task);
    return () => this.#offlineTasks.delete(task);
  }

  /** Milliseconds from now of each timer that runs. */
  get pending(): number[] {
    return [...this.#timers].map((timer) => timer.at - this.#time).sort((a, b) => a - b);
  }

  /** How many tasks wait for the network to go away. */
  get watchers(): number {
    return this.#offlineTasks.size;
  }

  goOffline(): void {
    for (const task of [...this.#offlineTasks]) task();
  }

  /** Lets time pass, and runs in their order the timers that are due. */
  advance(ms: number): void {
    const end = this.#time + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#time = Math.max(this.#time, due.at);
      due.task();
    }
    this.#time = end;
  }

  /** Lets time pass and runs no timer, as in a machine that sleeps. */
  sleep(ms: number): void {
    this.#time += ms;
  }
}
