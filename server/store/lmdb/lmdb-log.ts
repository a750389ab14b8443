/** Logs in LMDB: on disk before an append resolves. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { withoutPrototype } from "../../own-properties/own-properties.js";
import type { Lifetime } from "../lifetime.js";
import type { LmdbFile, Tables } from "./lmdb-file.js";
import type { LmdbWriter, Participant } from "./lmdb-writer.js";
import { DueLogs } from "./due-logs.js";
import type { Appended, Draft, Log, LogOptions, LogState, Page, PageLimits } from "../log.js";
import { ENTRY_OVERHEAD, LogEntries } from "./log-entries.js";
import { type Head, OwnedHeads } from "./log-heads.js";
import { hashOf, LogKeys } from "./log-keys.js";
import { LogReading } from "./log-reading.js";
import { isForgotten, LOOK_INTERVAL } from "../retention.js";
import { StoreError } from "../store.js";
import { encodeDraft } from "../value-codec.js";

/** Entries that a log may have left to delete before that is seen to, and the most that one batch deletes. */
const SWEEP_FROM = 32;
const SWEEP_AT_MOST = 1_000;

/** Keys that are forgotten in each batch, beyond two for each append. */
const EXPIRE_AT_LEAST = 16;

/** Logs that `sweep` looks at before others have their turn. */
const LOOK_AT = 200;

/** That the store was too full for an append. */
interface Refusal {
  readonly error: StoreError;
  /** As of the append. */
  readonly bytes: number;
  readonly reserve: number;
  /** By the store's clock. */
  readonly at: number;
}

export class LmdbLog implements Log, Participant {
  readonly #file: LmdbFile;
  readonly #tables: Tables;
  readonly #writer: LmdbWriter;
  readonly #options: LogOptions;
  readonly #lifetime: Lifetime;
  readonly #entries: LogEntries;
  readonly #keys: LogKeys;
  readonly #heads: OwnedHeads;
  readonly #reading: LogReading;
  readonly #due: DueLogs;
  /** Appends in the batch, and entries that it may still delete. */
  #appends = 0;
  #budget = SWEEP_AT_MOST;
  /** Logs that have entries to delete. */
  readonly #unswept = new Set<string>();
  /** Logs of which was looked at what has come of age, since then. */
  readonly #looked = new Set<string>();
  #lookedSince = -Infinity;
  /** The last one, until a batch without any is on disk: something may have been deleted in that. */
  #refusal: Refusal | undefined;
  #hasRefused = false;

  /** Inside a transaction. */
  constructor(file: LmdbFile, tables: Tables, writer: LmdbWriter, options: LogOptions, lifetime: Lifetime) {
    this.#file = file;
    this.#tables = tables;
    this.#writer = writer;
    this.#options = options;
    this.#lifetime = lifetime;
    this.#entries = new LogEntries(tables.entries);
    this.#keys = new LogKeys(tables.ids, options.keyWindow, options.clock);
    this.#due = new DueLogs(options);
    this.#heads = new OwnedHeads(file.meta, tables.heads, options.newEpoch);
    this.#reading = new LogReading(this.#heads, this.#entries, options, (read) =>
      lifetime.run(() => file.read(read)),
    );
    writer.join(this);
  }

  append(name: string, draft: Draft): Promise<Appended | "full"> {
    return this.#lifetime.run(() => {
      const given = withoutPrototype(draft);
      const value = encodeDraft(given);
      this.#refuseAgain(name, given, value.length + ENTRY_OVERHEAD);
      return this.#writer.submit(() => this.#appendNow(name, given, value), value.length + ENTRY_OVERHEAD);
    });
  }

  state(name: string): Promise<LogState> {
    return this.#reading.state(name);
  }

  after(name: string, offset: number, limits: PageLimits): Promise<Page> {
    return this.#reading.after(name, offset, limits);
  }

  before(name: string, offset: number, limits: PageLimits): Promise<Page> {
    return this.#reading.before(name, offset, limits);
  }

  list(prefix: string, after: string, limit: number): Promise<{ name: string; state: LogState }[]> {
    return this.#reading.list(prefix, after, limit);
  }

  trim(name: string, through: number): Promise<void> {
    return this.#submit(() => this.#trimNow(name, through));
  }

  async sweep(): Promise<void> {
    try {
      if (this.#due.beginWalk()) await this.#walk();
      const names = this.#due.take();
      for (let from = 0; from < names.length; from += LOOK_AT)
        await this.#sweepLogs(names.slice(from, from + LOOK_AT));
    } catch (error) {
      this.#due.abandon();
      throw error;
    }
    while (await this.#submit(() => this.#keys.expire(SWEEP_AT_MOST))) await nextTurn();
  }

  /** Looks at all logs. */
  async #walk(): Promise<void> {
    let found = { work: [] as string[], last: "", more: true };
    while (found.more) {
      const { last } = found;
      found = await this.#read(() => this.#lookForWork(last));
      await this.#sweepLogs(found.work);
    }
  }

  write(): void {
    for (const name of this.#unswept) {
      if (this.#budget <= 0) break;
      if (this.#sweepSome(name)) this.#unswept.delete(name);
    }
    this.#keys.expire(EXPIRE_AT_LEAST + 2 * this.#appends);
    this.#heads.write();
  }

  committed(): void {
    this.#resetCounts();
    if (!this.#hasRefused) this.#refusal = undefined;
    this.#hasRefused = false;
    for (const { name, first, swept } of this.#heads.committed()) {
      if (first - swept >= SWEEP_FROM) this.#unswept.add(name);
      if (first > swept || this.#due.isShortLived(name)) this.#due.noteNow(name);
    }
    if (this.#unswept.size > 0) this.#writer.wake();
  }

  rolledBack(): void {
    this.#resetCounts();
    this.#refusal = undefined;
    this.#hasRefused = false;
    this.#heads.rolledBack();
  }

  #resetCounts(): void {
    this.#appends = 0;
    this.#budget = SWEEP_AT_MOST;
  }

  #read<T>(read: () => T): Promise<T> {
    return this.#lifetime.run(() => this.#file.read(read));
  }

  #submit<T>(run: () => T): Promise<T> {
    return this.#lifetime.run(() => this.#writer.submit(run));
  }

  #appendNow(name: string, { at, key, limit, reserve }: Draft, value: Buffer): Appended | "full" {
    const now = this.#options.clock.now();
    // A limit is of what is kept at this moment.
    const known =
      limit !== undefined || this.#isToBeLookedAt(name, now) ? this.#settled(name) : this.#draft(name);
    const hash = known === undefined || key === undefined ? undefined : hashOf(known.id, key);
    if (known !== undefined && hash !== undefined) {
      const found = this.#keys.find(hash);
      if (found !== undefined) {
        return { position: { epoch: known.epoch, offset: found.offset }, at: found.at, duplicate: true };
      }
    }
    const kept = known === undefined ? 0 : known.last - known.first + 1;
    if (limit !== undefined && kept >= limit) return "full";
    this.#takeRoom(value.length + ENTRY_OVERHEAD, reserve ?? 0, now);

    const head = known ?? this.#heads.create(name);
    head.last += 1;
    head.used = now;
    head.time = Math.max(head.time, head.used);
    this.#entries.put(head.id, head.last, at, head.time, value);
    if (key !== undefined) this.#keys.put(hash ?? hashOf(head.id, key), head.last, at);
    head.first = Math.max(head.first, head.last + 1 - this.#options.retention(name).count);
    this.#heads.stage(head);
    this.#appends += 1;
    return { position: { epoch: head.epoch, offset: head.last }, at, duplicate: false };
  }

  #takeRoom(bytes: number, reserve: number, at: number): void {
    try {
      this.#file.takeRoom(this.#tables, bytes, reserve);
    } catch (error) {
      if (error instanceof StoreError) this.#refusal = { error, bytes, reserve, at };
      this.#hasRefused = true;
      throw error;
    }
  }

  /**
   * Refuses without a batch what the last batch refused, at most for as long as it is not looked at what has come of age. Not what may
   * have been appended before.
   * @throws StoreError "full"
   */
  #refuseAgain(name: string, { key, reserve = 0 }: Draft, bytes: number): void {
    const last = this.#refusal;
    if (last === undefined || bytes < last.bytes || reserve < last.reserve) return;
    if (this.#options.clock.now() - last.at >= LOOK_INTERVAL) return;
    if (key !== undefined && this.#file.read(() => this.#isKnown(name, key))) return;
    throw last.error;
  }

  #isKnown(name: string, key: string): boolean {
    const head = this.#heads.find(name);
    return head !== undefined && this.#keys.find(hashOf(head.id, key)) !== undefined;
  }

  #isToBeLookedAt(name: string, now: number): boolean {
    if (now - this.#lookedSince >= LOOK_INTERVAL) {
      this.#looked.clear();
      this.#lookedSince = now;
    }
    if (this.#looked.has(name)) return false;
    this.#looked.add(name);
    return true;
  }

  #trimNow(name: string, through: number): void {
    const head = this.#settled(name);
    if (head === undefined || through < head.first) return;
    head.first = Math.min(through, head.last) + 1;
    this.#heads.stage(head);
  }

  /** The head as the batch has it so far, with what has come of age let go. */
  #settled(name: string): Head | undefined {
    const durable = this.#heads.find(name);
    if (durable !== undefined) this.#reading.settle(durable);
    return this.#draft(name);
  }

  /** The head as the batch has it so far. */
  #draft(name: string): Head | undefined {
    const durable = this.#heads.find(name);
    const head = this.#heads.draft(name);
    // Time goes on within a batch, and what is past its age for readers may be deleted.
    if (head !== undefined && head.id === durable?.id) head.first = Math.max(head.first, durable.first);
    return head;
  }

  /**
   * Deletes entries of a log that nobody can read any more, as many as this batch may. Those that the batch itself lets
   * go stay: until it is on disk they are read. Returns whether none are left.
   */
  #sweepSome(name: string): boolean {
    const head = this.#settled(name);
    const durable = this.#heads.find(name);
    if (head === undefined || head.id !== durable?.id) return true;
    const to = Math.min(durable.first, head.swept + this.#budget);
    if (to > head.swept) {
      this.#entries.remove(head.id, head.swept, to);
      this.#budget -= to - head.swept;
      head.swept = to;
      this.#heads.stage(head);
    }
    return head.swept >= durable.first;
  }

  /** Names of the next logs after `from` that have something to delete, or are to be forgotten. */
  #lookForWork(from: string) {
    const work: string[] = [];
    let last = from;
    let looked = 0;
    for (const head of this.#heads.range(from)) {
      if (head.name <= from) continue;
      if (looked === LOOK_AT) return { work, last, more: true };
      this.#reading.settle(head);
      if (head.swept < head.first || this.#mayForget(head)) work.push(head.name);
      else this.#noteOldest(head);
      last = head.name;
      looked += 1;
    }
    return { work, last, more: false };
  }

  /** Notes when the log is to be looked at again. */
  #note(name: string): void {
    const head = this.#heads.find(name);
    if (head !== undefined) this.#noteOldest(head);
  }

  #noteOldest({ name, id, first, last }: Head): void {
    if (first <= last) this.#due.note(name, this.#entries.timeAt(id, first));
  }

  async #sweepLogs(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#sweepLog(name)));
    await this.#read(() => names.forEach((name) => this.#note(name)));
    await nextTurn();
  }

  async #sweepLog(name: string): Promise<void> {
    const isDone = () => {
      if (!this.#sweepSome(name)) return false;
      const head = this.#draft(name);
      if (head !== undefined && head.swept > head.last && this.#mayForget(head)) {
        this.#heads.remove(name, this.#options.newEpoch());
      }
      return true;
    };
    while (!(await this.#submit(isDone))) await nextTurn();
  }

  #mayForget({ name, first, last, used }: Head): boolean {
    if (first <= last) return false;
    const { age } = this.#options.retention(name);
    return isForgotten(used, age, this.#options.keyWindow, this.#options.clock);
  }
}
