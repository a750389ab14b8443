/**
 * The heads of the logs: what is known of each log, without its entries. Reading sees the durable ones; a batch works on
 * copies of its own, which take their place when it is on disk.
 */
import type { Table } from "./lmdb-file.js";
import { numberIn, numbersKey, orderedKey } from "./lmdb-keys.js";
import { RecentMap } from "./recent-map.js";
import { rewriteRows } from "./rewrite-rows.js";

/** An epoch that a log had before: up to `last`, its positions name the entries that this log has at the same offsets. */
export interface EarlierEpoch {
  epoch: string;
  last: number;
}

export interface Head {
  name: string;
  /** Names its entries and keys; never used again. */
  id: number;
  epoch: string;
  first: number;
  last: number;
  /** Entries before this are deleted; those from here to `first` are yet to be. */
  swept: number;
  /** What the age of the newest entry counts from: no earlier than for the one before it. */
  time: number;
  /** When it was last appended to, by the store's clock. */
  used: number;
  /** Newest first, a few. Left out where there are none. */
  earlier?: readonly EarlierEpoch[];
}

/** Heads that are kept in memory, at most; any other is read when it is asked for. About 300 bytes each. */
const CACHED = 100_000;

const EPOCH = Buffer.from("epoch");
const NEXT_ID = Buffer.from("nextLog");
/** Of the store's epoch, what heads have as `earlier`. */
const EARLIER = Buffer.from("earlier");

/** Epochs before the last so many are forgotten. */
const MOST_EARLIER = 8;

/** What there is of a store's heads to look at, for its owner and for others. */
export interface HeadSource {
  /** Of logs that are not there yet. */
  readonly epoch: string;
  find(name: string): Head | undefined;
  /** In the order of names. */
  range(from: string): Iterable<Head>;
}

/** Heads for one who only reads, beside the process that owns them: each is read anew. */
export class StoredHeads implements HeadSource {
  constructor(
    protected readonly meta: Table,
    protected readonly heads: Table,
  ) {}

  get epoch(): string {
    return this.meta.get(EPOCH)?.toString() ?? "";
  }

  find(name: string): Head | undefined {
    const bytes = this.heads.get(orderedKey(name));
    return bytes && decode(bytes);
  }

  *range(from: string): Iterable<Head> {
    for (const { value } of this.heads.getRange({ start: orderedKey(from) })) yield decode(value);
  }
}

export class OwnedHeads extends StoredHeads {
  readonly #cache = new RecentMap<Head>(CACHED);
  #currentEpoch: string;
  /** Of `currentEpoch`: logs that begin take it over as well. */
  #currentEarlier: readonly EarlierEpoch[];
  #nextId: number;
  /** Of the batch: undefined for one that is removed. */
  readonly #drafts = new Map<string, Head | undefined>();
  #draftEpoch: string;
  #draftNextId: number;
  #draftEarlier: readonly EarlierEpoch[];

  /** Inside a transaction. @param newEpoch Asked if the store has no epoch yet. */
  constructor(meta: Table, heads: Table, newEpoch: () => string) {
    super(meta, heads);
    this.#currentEpoch = super.epoch;
    if (this.#currentEpoch === "") {
      this.#currentEpoch = newEpoch();
      void meta.put(EPOCH, Buffer.from(this.#currentEpoch));
    }
    const next = meta.get(NEXT_ID);
    this.#nextId = next === undefined ? 1 : numberIn(next, 0);
    this.#draftEpoch = this.#currentEpoch;
    this.#draftNextId = this.#nextId;
    this.#draftEarlier = this.#currentEarlier = earlierOf(meta);
  }

  override get epoch(): string {
    return this.#currentEpoch;
  }

  override find(name: string): Head | undefined {
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached;
    const head = super.find(name);
    if (head !== undefined) this.#cache.set(name, head);
    return head;
  }

  override *range(from: string): Iterable<Head> {
    for (const head of super.range(from)) yield this.#cache.peek(head.name) ?? head;
  }

  /** The head as the batch has it so far; changes count once it is given to `stage`. */
  draft(name: string): Head | undefined {
    if (this.#drafts.has(name)) return this.#drafts.get(name);
    const head = this.find(name);
    return head && { ...head };
  }

  /** For a log that is not there yet. */
  create(name: string): Head {
    const id = this.#draftNextId++;
    const head = { name, id, epoch: this.#draftEpoch, first: 1, last: 0, swept: 1, time: -Infinity, used: 0 };
    return this.#draftEarlier.length === 0 ? head : { ...head, earlier: this.#draftEarlier };
  }

  stage(head: Head): void {
    this.#drafts.set(head.name, head);
  }

  /** A log of this name begins anew, and so must its epoch. */
  remove(name: string, newEpoch: string): void {
    this.#drafts.set(name, undefined);
    this.#draftEpoch = newEpoch;
    this.#draftEarlier = [];
  }

  write(): void {
    for (const [name, head] of this.#drafts) {
      if (head === undefined) void this.heads.remove(orderedKey(name));
      else void this.heads.put(orderedKey(name), Buffer.from(JSON.stringify(head)));
    }
    if (this.#draftNextId !== this.#nextId) void this.meta.put(NEXT_ID, numbersKey(this.#draftNextId));
    if (this.#draftEpoch !== this.#currentEpoch) putEpoch(this.meta, this.#draftEpoch, this.#draftEarlier);
  }

  /** The batch is on disk. Returns the heads that it changed. */
  committed(): Head[] {
    const changed: Head[] = [];
    for (const [name, head] of this.#drafts) {
      this.#cache.delete(name);
      if (head === undefined) continue;
      this.#cache.set(name, head);
      changed.push(head);
    }
    this.#drafts.clear();
    this.#nextId = this.#draftNextId;
    this.#currentEpoch = this.#draftEpoch;
    this.#currentEarlier = this.#draftEarlier;
    return changed;
  }

  rolledBack(): void {
    this.#drafts.clear();
    this.#draftNextId = this.#nextId;
    this.#draftEpoch = this.#currentEpoch;
    this.#draftEarlier = this.#currentEarlier;
  }
}

/** Inside a transaction: gives the store and each log the epoch that `renew` makes of its own, which becomes an earlier one. */
export function renewHeads(meta: Table, heads: Table, renew: (epoch: string) => string): void {
  const epoch = meta.get(EPOCH)?.toString();
  // Of a log that is not there only the place before its first entry is the same.
  if (epoch !== undefined) putEpoch(meta, renew(epoch), addEarlier(earlierOf(meta), { epoch, last: 0 }));
  rewriteRows(heads, (bytes) => {
    const head = decode(bytes);
    const earlier = addEarlier(head.earlier ?? [], head);
    return Buffer.from(JSON.stringify({ ...head, epoch: renew(head.epoch), earlier } satisfies Head));
  });
}

function addEarlier(before: readonly EarlierEpoch[], { epoch, last }: EarlierEpoch): EarlierEpoch[] {
  return [{ epoch, last }, ...before].slice(0, MOST_EARLIER);
}

function putEpoch(meta: Table, epoch: string, earlier: readonly EarlierEpoch[]): void {
  void meta.put(EPOCH, Buffer.from(epoch));
  if (earlier.length > 0) void meta.put(EARLIER, Buffer.from(JSON.stringify(earlier)));
  else void meta.remove(EARLIER);
}

function earlierOf(meta: Table): EarlierEpoch[] {
  const bytes = meta.get(EARLIER);
  return bytes === undefined ? [] : (JSON.parse(bytes.toString()) as EarlierEpoch[]);
}

function decode(bytes: Buffer): Head {
  return JSON.parse(bytes.toString()) as Head;
}
