/** Reading logs, the same for the process that owns them and for one that looks on. */
import type { Entry, Log, LogOptions, LogState, Page, PageLimits } from "../log.js";
import type { LogEntries } from "./log-entries.js";
import type { Head, HeadSource } from "./log-heads.js";
import { firstKept } from "../retention.js";

export class LogReading implements Pick<Log, "state" | "after" | "before" | "list"> {
  readonly #heads: HeadSource;
  readonly #entries: LogEntries;
  readonly #options: Pick<LogOptions, "retention" | "clock">;
  /** Runs what reads, if the store is open. */
  readonly #run: <T>(read: () => T) => Promise<T>;

  constructor(
    heads: HeadSource,
    entries: LogEntries,
    options: Pick<LogOptions, "retention" | "clock">,
    run: <T>(read: () => T) => Promise<T>,
  ) {
    this.#heads = heads;
    this.#entries = entries;
    this.#options = options;
    this.#run = run;
  }

  state(name: string): Promise<LogState> {
    return this.#run(() => this.#stateOf(this.#heads.find(name)));
  }

  after(name: string, offset: number, limits: PageLimits): Promise<Page> {
    return this.#run(() => {
      const head = this.#heads.find(name);
      const state = this.#stateOf(head);
      return { state, entries: this.#read(head, Math.max(offset + 1, state.first), 1, state, limits) };
    });
  }

  before(name: string, offset: number, limits: PageLimits): Promise<Page> {
    return this.#run(() => {
      const head = this.#heads.find(name);
      const state = this.#stateOf(head);
      const entries = this.#read(head, Math.min(offset - 1, state.last), -1, state, limits);
      return { state, entries: entries.reverse() };
    });
  }

  list(prefix: string, after: string, limit: number): Promise<{ name: string; state: LogState }[]> {
    return this.#run(() => {
      const found: { name: string; state: LogState }[] = [];
      for (const head of this.#heads.range(prefix > after ? prefix : after)) {
        if (found.length >= limit || (head.name > prefix && !head.name.startsWith(prefix))) break;
        if (head.name <= after || !head.name.startsWith(prefix)) continue;
        found.push({ name: head.name, state: this.#stateOf(head) });
      }
      return found;
    });
  }

  /** Moves the head on to the first entry that is still kept: what is past its age is never read. */
  settle(head: Head): void {
    head.first = firstKept(head, this.#options.retention(head.name), this.#options.clock, (offset) =>
      this.#entries.timeAt(head.id, offset),
    );
  }

  #stateOf(head: Head | undefined): LogState {
    if (head === undefined) return { epoch: this.#heads.epoch, first: 1, last: 0 };
    this.settle(head);
    return { epoch: head.epoch, first: head.first, last: head.last };
  }

  /** Entries from an offset, in one direction, as far as `state` and `limits` go. */
  #read(head: Head | undefined, from: number, step: 1 | -1, state: LogState, limits: PageLimits): Entry[] {
    const found: Entry[] = [];
    if (head === undefined) return found;
    let total = 0;
    for (let offset = from; offset >= state.first && offset <= state.last; offset += step) {
      if (found.length >= limits.entries) break;
      const { entry, bytes } = this.#entries.get(head.id, offset);
      total += bytes;
      if (total > limits.bytes && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }
}
