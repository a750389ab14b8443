/** Logs in memory: for tests, and for servers that may forget. */
import { setImmediate as nextTick } from "node:timers/promises";
import { withoutPrototype } from "../../own-properties/own-properties.js";
import type { Appended, Draft, Entry, Log, LogOptions, LogState, Page, PageLimits } from "../log.js";
import { firstKept, isForgotten, isOver, LOOK_INTERVAL } from "../retention.js";
import type { Lifetime } from "../lifetime.js";
import { decodeValue, encodeDraft } from "../value-codec.js";

/** Logs that `sweep` looks at before others have their turn. */
const LOOK_AT = 1_000;

interface StoredEntry {
  bytes: Buffer;
  at: number;
  /** When it was appended, by the store's clock. */
  time: number;
}

interface Key {
  offset: number;
  at: number;
  /** When it was appended, by the store's clock. */
  time: number;
}

interface Book {
  epoch: string;
  first: number;
  last: number;
  /** Those from `first` to `last`, behind `dead` places of entries that are gone. */
  entries: (StoredEntry | undefined)[];
  dead: number;
  /** In the order of their times. Some may be over already. */
  keys: Map<string, Key>;
  /** When it was last looked at what has come of age. */
  looked: number;
  /** When it was last appended to. */
  used: number;
}

export class MemoryLog implements Log {
  readonly #options: LogOptions;
  readonly #lifetime: Lifetime;
  readonly #logs = new Map<string, Book>();
  /** Of logs that are not there yet. */
  #epoch: string;

  constructor(options: LogOptions, lifetime: Lifetime) {
    this.#options = options;
    this.#lifetime = lifetime;
    this.#epoch = options.newEpoch();
  }

  append(name: string, draft: Draft): Promise<Appended | "full"> {
    return this.#lifetime.run(() => {
      const given = withoutPrototype(draft);
      return this.#appendNow(name, given, encodeDraft(given));
    });
  }

  state(name: string): Promise<LogState> {
    return this.#lifetime.run(() => this.#stateNow(name));
  }

  after(name: string, offset: number, limits: PageLimits): Promise<Page> {
    return this.#lifetime.run(() => {
      const state = this.#stateNow(name);
      return { state, entries: this.#read(name, Math.max(offset + 1, state.first), 1, state, limits) };
    });
  }

  before(name: string, offset: number, limits: PageLimits): Promise<Page> {
    return this.#lifetime.run(() => {
      const state = this.#stateNow(name);
      const entries = this.#read(name, Math.min(offset - 1, state.last), -1, state, limits);
      return { state, entries: entries.reverse() };
    });
  }

  trim(name: string, through: number): Promise<void> {
    return this.#lifetime.run(() => {
      const log = this.#logs.get(name);
      if (log !== undefined) drop(log, Math.min(through, log.last) + 1);
    });
  }

  list(prefix: string, after: string, limit: number): Promise<{ name: string; state: LogState }[]> {
    return this.#lifetime.run(() =>
      [...this.#logs.keys()]
        .filter((name) => name.startsWith(prefix) && name > after)
        .sort((a, b) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map((name) => ({ name, state: this.#stateNow(name) })),
    );
  }

  async sweep(): Promise<void> {
    this.#lifetime.check();
    let looked = 0;
    for (const [name, log] of this.#logs) {
      this.#sweepLog(name, log);
      if (++looked % LOOK_AT === 0) await nextTick();
    }
  }

  #sweepLog(name: string, log: Book): void {
    const { first, last } = this.#stateNow(name);
    this.#forgetKeys(log);
    if (first <= last) return;
    const { retention, keyWindow, clock, newEpoch } = this.#options;
    if (!isForgotten(log.used, retention(name).age, keyWindow, clock)) return;
    this.#logs.delete(name);
    // A log of a name that was forgotten begins at 1 again: its old offsets must not pass for new ones.
    this.#epoch = newEpoch();
  }

  #appendNow(name: string, { at, key, limit }: Draft, bytes: Buffer): Appended | "full" {
    const { clock, keyWindow, retention } = this.#options;
    const now = clock.now();
    const log = this.#logs.get(name) ?? emptyLog(this.#epoch);
    const { epoch } = log;
    if (now - log.looked >= LOOK_INTERVAL) {
      this.#letGo(name, log);
      this.#forgetKeys(log);
      log.looked = now;
    }
    const known = key === undefined ? undefined : log.keys.get(key);
    if (key !== undefined && known !== undefined) {
      if (!isOver(known.time, keyWindow, clock)) {
        return { position: { epoch, offset: known.offset }, at: known.at, duplicate: true };
      }
      // Taken again, it has its place at the end.
      log.keys.delete(key);
    }
    if (limit !== undefined) {
      this.#letGo(name, log);
      if (log.last - log.first + 1 >= limit) return "full";
    }
    this.#logs.set(name, log);
    log.last += 1;
    log.used = now;
    log.entries.push({ bytes, at, time: now });
    if (key !== undefined) log.keys.set(key, { offset: log.last, at, time: now });
    drop(log, log.last + 1 - retention(name).count);
    return { position: { epoch, offset: log.last }, at, duplicate: false };
  }

  /** Drops what is not kept any more, and says what is. */
  #stateNow(name: string): LogState {
    const log = this.#logs.get(name);
    if (log === undefined) return { epoch: this.#epoch, first: 1, last: 0 };
    this.#letGo(name, log);
    return { epoch: log.epoch, first: log.first, last: log.last };
  }

  #letGo(name: string, log: Book): void {
    const { retention, clock } = this.#options;
    drop(
      log,
      firstKept(log, retention(name), clock, (offset) => entryAt(log, offset)?.time ?? 0),
    );
  }

  /** Entries from an offset, in one direction, as far as `state` and `limits` go. */
  #read(name: string, from: number, step: 1 | -1, state: LogState, limits: PageLimits): Entry[] {
    const log = this.#logs.get(name);
    const found: Entry[] = [];
    if (log === undefined) return found;
    let bytes = 0;
    for (let offset = from; offset >= state.first && offset <= state.last; offset += step) {
      const entry = entryAt(log, offset);
      if (entry === undefined || found.length >= limits.entries) break;
      bytes += entry.bytes.length;
      if (bytes > limits.bytes && found.length > 0) break;
      found.push({ offset, value: decodeValue(entry.bytes), at: entry.at });
    }
    return found;
  }

  #forgetKeys(log: Book): void {
    for (const [key, { time }] of log.keys) {
      if (!isOver(time, this.#options.keyWindow, this.#options.clock)) return;
      log.keys.delete(key);
    }
  }
}

function emptyLog(epoch: string): Book {
  return { epoch, first: 1, last: 0, entries: [], dead: 0, keys: new Map(), looked: -Infinity, used: 0 };
}

function entryAt(log: Book, offset: number): StoredEntry | undefined {
  return log.entries[log.dead + offset - log.first];
}

function drop(log: Book, first: number): void {
  for (; log.first < first; log.first++) log.entries[log.dead++] = undefined;
  // Seldom enough that moving what is left costs each entry less than one move more.
  if (log.dead > 16 && log.dead > log.entries.length / 2) {
    log.entries.splice(0, log.dead);
    log.dead = 0;
  }
}
