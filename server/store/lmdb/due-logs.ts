/**
 * Which logs have something to delete: so that not all of them need to be looked at each time. All are looked at once an hour, in a walk
 * that notes those of which something comes of age before the next; what happens in between is noted as it does. Pure.
 */
import type { LogOptions } from "../log.js";
import { TimeQueue } from "../memory/time-queue.js";

/** Milliseconds between two walks, and for how long ahead one notes what comes of age: it takes some time itself. */
const WALK_EVERY = 60 * 60_000;
const AHEAD = WALK_EVERY + 10 * 60_000;

/** Milliseconds: an age at which all gaps count that the clock knows of. */
const EVER = 1e15;

export class DueLogs {
  readonly #options: Pick<LogOptions, "retention" | "clock">;
  readonly #times = new TimeQueue<string>();
  /** Those that are in `times`: each once. */
  readonly #timed = new Set<string>();
  readonly #now = new Set<string>();
  #walkedAt = -Infinity;
  #span = NaN;

  constructor(options: Pick<LogOptions, "retention" | "clock">) {
    this.#options = options;
  }

  /** Whether all logs are to be looked at, and noted anew: that begins then. */
  beginWalk(): boolean {
    const { clock } = this.#options;
    // What is old has become older at once, where the clock has found out that time went by unseen.
    const span = clock.now() - clock.cutoff(EVER);
    if (clock.now() - this.#walkedAt < WALK_EVERY && span === this.#span) return false;
    this.#walkedAt = clock.now();
    this.#span = span;
    this.#times.clear();
    this.#timed.clear();
    this.#now.clear();
    return true;
  }

  /** What was taken, or noted in a walk, was not all seen to: the next time it is all looked at again. */
  abandon(): void {
    this.#walkedAt = -Infinity;
  }

  /** The log is to be looked at the next time: it has something to delete, or is not noted yet. */
  noteNow(name: string): void {
    this.#now.add(name);
  }

  /** @param time What the age of its oldest entry counts from. */
  note(name: string, time: number): void {
    if (this.#timed.has(name)) return;
    const at = this.#dueAt(this.#options.retention(name).age, time);
    if (at === undefined) return;
    this.#timed.add(name);
    this.#times.add(at, name);
  }

  /** Whether what is appended now may come of age before the next walk, and the log is not noted. */
  isShortLived(name: string): boolean {
    return this.#options.retention(name).age < AHEAD && !this.#timed.has(name);
  }

  /** Takes out those that are due. Each is to be noted again where it has more. */
  take(): string[] {
    const found = [...this.#now];
    this.#now.clear();
    const now = this.#options.clock.now();
    for (let due = this.#times.take(now); due !== undefined; due = this.#times.take(now)) {
      this.#timed.delete(due.what);
      found.push(due.what);
    }
    return found;
  }

  /** When something of this time comes of age; undefined if that is after the next walk. By the store's clock, to the millisecond. */
  #dueAt(age: number, time: number): number | undefined {
    const { clock } = this.#options;
    const isOver = (ahead: number): boolean => time <= clock.cutoff(age - ahead);
    if (age === Infinity || !isOver(AHEAD)) return undefined;
    let [not, over] = [-1, AHEAD];
    while (over - not > 1) {
      const middle = Math.floor((not + over) / 2);
      if (isOver(middle)) over = middle;
      else not = middle;
    }
    return clock.now() + over;
  }
}
