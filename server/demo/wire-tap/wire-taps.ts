/**
 * The pages that watch their own connections, by their tokens. A tap lives while it has a watcher or a connection,
 * so there is nothing to expire; whatever a client does, the memory of all taps is bounded.
 */
import type { InspectRecord } from "./records.js";

/** At least 128 bits in hexadecimal: whoever has a token reads everything on its connections. */
const TOKEN = /^[0-9a-f]{32,64}$/;

/** Bytes of records kept for a watcher that is not there (yet), a tap. */
const MAX_WAITING_BYTES = 256 * 1024;

const MAX_TAPS = 128;
/** Of one visitor, so that nobody takes the places of all others. */
const MAX_TAPS_OF_VISITOR = 16;
const MAX_WATCHERS = 4;
const MAX_CONNECTIONS = 8;

/** Gets each record as JSON. */
export type Watcher = (record: string) => void;

/** Where a tap puts what it sees. */
export interface Recorder {
  /** Counts the tap's connections, from 1. */
  readonly connection: number;
  record(record: InspectRecord): void;
  /** The connection is over: nothing more will be recorded. */
  end(): void;
}

class WireTap {
  /** @param visitor The address of whoever began it. */
  constructor(readonly visitor: string) {}

  readonly watchers = new Set<Watcher>();
  connections = 0;
  opened = 0;
  #waiting: string[] = [];
  #waitingBytes = 0;

  get idle(): boolean {
    return this.watchers.size === 0 && this.connections === 0;
  }

  record(record: InspectRecord): void {
    const text = JSON.stringify(record);
    if (this.watchers.size === 0) this.#wait(text);
    for (const watcher of this.watchers) watcher(text);
  }

  watch(watcher: Watcher): void {
    this.watchers.add(watcher);
    for (const text of this.#waiting) watcher(text);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** The oldest records give way. */
  #wait(text: string): void {
    this.#waiting.push(text);
    this.#waitingBytes += Buffer.byteLength(text);
    while (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#waitingBytes -= Buffer.byteLength(this.#waiting.shift() ?? "");
    }
  }
}

export class WireTaps {
  readonly #taps = new Map<string, WireTap>();

  static isToken(token: string): boolean {
    return TOKEN.test(token);
  }

  /** Sessions there are; for tests. */
  get size(): number {
    return this.#taps.size;
  }

  /**
   * Has a page watch its connections: what was recorded while it was away comes first, at once. Returns how to stop, or
   * undefined if there are too many watchers already.
   * @param visitor What the visitor's address counts as (bridge/addresses.ts).
   */
  watch(token: string, visitor: string, watcher: Watcher): (() => void) | undefined {
    const tap = this.#open(token, visitor);
    if (tap === undefined || tap.watchers.size >= MAX_WATCHERS) return undefined;
    tap.watch(watcher);
    return () => {
      tap.watchers.delete(watcher);
      this.#dropIdle(token, tap);
    };
  }

  /** Begins to record a connection of a page, or returns undefined if there are too many already. */
  connect(token: string, visitor: string): Recorder | undefined {
    const tap = this.#open(token, visitor);
    if (tap === undefined || tap.connections >= MAX_CONNECTIONS) return undefined;
    tap.connections++;
    const connection = ++tap.opened;
    return {
      connection,
      record: (record) => tap.record(record),
      end: () => {
        tap.connections--;
        this.#dropIdle(token, tap);
      },
    };
  }

  #open(token: string, visitor: string): WireTap | undefined {
    const found = this.#taps.get(token);
    if (found !== undefined) return found;
    if (!TOKEN.test(token) || this.#taps.size >= MAX_TAPS) return undefined;
    const own = [...this.#taps.values()].filter((tap) => tap.visitor === visitor);
    if (own.length >= MAX_TAPS_OF_VISITOR) return undefined;
    const tap = new WireTap(visitor);
    this.#taps.set(token, tap);
    return tap;
  }

  #dropIdle(token: string, tap: WireTap): void {
    if (tap.idle && this.#taps.get(token) === tap) this.#taps.delete(token);
  }
}
