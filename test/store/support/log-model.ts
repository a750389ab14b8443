/** What a log should do, as plainly as it can be said, to compare every kind of store with. */
import type { Appended, Draft, Entry, LogState, Page, Retention } from "../../../server/store/log.js";
import { DAY, KEY_WINDOW } from "./options.js";

interface ModelEntry extends Entry {
  /** What its age counts from. */
  time: number;
}

interface ModelLog {
  epoch: string;
  last: number;
  kept: ModelEntry[];
  keys: { key: string; offset: number; at: number; time: number }[];
  used: number;
}

export class LogModel {
  #epoch: string;
  readonly #retention: (name: string) => Retention;
  readonly #now: () => number;
  readonly #logs = new Map<string, ModelLog>();

  /** @param epoch The store's, which the model cannot know by itself. */
  constructor(epoch: string, retention: (name: string) => Retention, now: () => number) {
    this.#epoch = epoch;
    this.#retention = retention;
    this.#now = now;
  }

  append(name: string, { value, at, key, limit }: Draft): Appended | "full" {
    this.#letGo();
    const log = this.#logs.get(name);
    const known = log?.keys.find((row) => row.key === key && this.#now() - row.time < KEY_WINDOW);
    if (log !== undefined && known !== undefined) {
      return { position: { epoch: log.epoch, offset: known.offset }, at: known.at, duplicate: true };
    }
    if (limit !== undefined && (log?.kept.length ?? 0) >= limit) return "full";
    const { epoch, last, kept, keys } = log ?? { epoch: this.#epoch, last: 0, kept: [], keys: [] };
    const offset = last + 1;
    const time = Math.max(at, kept.at(-1)?.time ?? at);
    const row = key === undefined ? [] : [{ key, offset, at, time: this.#now() }];
    this.#logs.set(name, {
      epoch,
      last: offset,
      kept: [...kept, { offset, value, at, time }],
      keys: [...keys.filter((other) => other.key !== key), ...row],
      used: this.#now(),
    });
    this.#letGo();
    return { position: { epoch, offset }, at, duplicate: false };
  }

  state(name: string): LogState {
    this.#letGo();
    const log = this.#logs.get(name);
    if (log === undefined) return { epoch: this.#epoch, first: 1, last: 0 };
    return { epoch: log.epoch, first: log.last - log.kept.length + 1, last: log.last };
  }

  after(name: string, offset: number, entries: number): Page {
    return { state: this.state(name), entries: this.#entries(name, (of) => of > offset).slice(0, entries) };
  }

  before(name: string, offset: number, entries: number): Page {
    const found = this.#entries(name, (of) => of < offset);
    return { state: this.state(name), entries: found.slice(Math.max(0, found.length - entries)) };
  }

  trim(name: string, through: number): void {
    const log = this.#logs.get(name);
    if (log !== undefined) log.kept = log.kept.filter(({ offset }) => offset > through);
  }

  /** Forgets what may be forgotten, and says whether the store must have a new epoch. */
  sweep(): boolean {
    this.#letGo();
    const before = this.#logs.size;
    for (const [name, { kept, used }] of this.#logs) {
      if (kept.length === 0 && this.#now() - used > this.#retention(name).age + 30 * DAY)
        this.#logs.delete(name);
    }
    return this.#logs.size < before;
  }

  begin(epoch: string): void {
    this.#epoch = epoch;
  }

  names(): string[] {
    return [...this.#logs.keys()].sort();
  }

  #entries(name: string, matches: (offset: number) => boolean): Entry[] {
    this.#letGo();
    return (this.#logs.get(name)?.kept ?? [])
      .filter(({ offset }) => matches(offset))
      .map(({ offset, value, at }) => ({ offset, value, at }));
  }

  #letGo(): void {
    for (const [name, log] of this.#logs) {
      const { count, age } = this.#retention(name);
      log.kept = log.kept
        .slice(Math.max(0, log.kept.length - count))
        .filter(({ time }) => this.#now() - time < age);
    }
  }
}
