/**
 * Bytes that come in, paced. Whoever sends more than its rate is read no further until that is made up for: nothing is lost and
 * nobody is closed, since TCP has the sender wait.
 */
import { TokenBucket, type Rate } from "./limits.js";

/** Where bytes come in. */
export interface Valve {
  /** Reads no more; what has been read already may still come. */
  pause(): void;
  resume(): void;
}

export interface InflowRates {
  /** Bytes a second, and at once, of a connection. */
  readonly ofConnection: Rate;
  /** The same of all connections of an address. */
  readonly ofAddress: Rate;
}

/** What all connections of an address have. */
interface Shared {
  readonly bucket: TokenBucket;
  inlets: number;
}

/** Bytes that one who may go on is granted, so that those of an address who wait together do not all go on at once: a read of Node's. */
const GRANT = 64 * 1024;

/** Milliseconds between two looks for addresses that nobody comes from any more. */
const TIDY_EVERY = 60_000;

/** Bytes of text that are as much work as one value in an array or object: without it, `[[],[],...]` would cost fifty times its due. */
const VALUE_BYTES = 16;

/** What a message counts as, in bytes: its own, and more for each value that is to be made of it. Looks at the text, and parses nothing. */
export function costOf(data: unknown): number {
  if (typeof data === "string") {
    let values = 0;
    for (let i = 0; i < data.length; i++) if (opensValue(data.charCodeAt(i))) values++;
    return data.length + values * VALUE_BYTES;
  }
  return ArrayBuffer.isView(data) ? data.byteLength : 0;
}

/** As `costOf`, for text that is still bytes. */
export function costOfText(data: Buffer): number {
  let values = 0;
  // Not by an iterator, and with no branch: this looks at every byte that comes in.
  for (let i = 0; i < data.length; i++) values += OPENS_VALUE[data[i] ?? 0] ?? 0;
  return data.length + values * VALUE_BYTES;
}

/** In strings too, where they are rare. */
function opensValue(character: number): boolean {
  return character === 0x2c || character === 0x3a || character === 0x5b || character === 0x7b; // , : [ {
}

/** 1 for each byte that opens a value. */
const OPENS_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => Number(opensValue(byte)));

export class Inflow {
  readonly #addresses = new Map<string, Shared>();
  #tidied: number;

  /** @param now Whole milliseconds on a clock that only goes forward. */
  constructor(
    readonly rates: InflowRates,
    readonly now: () => number,
  ) {
    this.#tidied = now();
  }

  /** For a connection of an address, until the inlet is closed. */
  open(address: string, valve: Valve): Inlet {
    this.#tidy();
    let shared = this.#addresses.get(address);
    if (shared === undefined) {
      shared = { bucket: new TokenBucket(this.rates.ofAddress, this.now()), inlets: 0 };
      this.#addresses.set(address, shared);
    }
    return new Inlet(this, shared, valve);
  }

  /** Who comes back must not find the account balanced: an address is forgotten when nothing is owed for it any more. */
  #tidy(): void {
    const now = this.now();
    if (now - this.#tidied < TIDY_EVERY) return;
    this.#tidied = now;
    for (const [address, { bucket, inlets }] of this.#addresses) {
      if (inlets === 0 && bucket.isFull(now)) this.#addresses.delete(address);
    }
  }
}

/** One connection's part. */
export class Inlet {
  readonly #inflow: Inflow;
  readonly #shared: Shared;
  readonly #valve: Valve;
  readonly #own: TokenBucket;
  /** Bytes that the address has been charged for already. */
  #granted = 0;
  /** Set while the valve is closed. */
  #timer: NodeJS.Timeout | undefined;
  /** When the valve was opened again. */
  #resumedAt = 0;
  #isClosed = false;

  constructor(inflow: Inflow, shared: Shared, valve: Valve) {
    this.#inflow = inflow;
    this.#shared = shared;
    this.#valve = valve;
    this.#own = new TokenBucket(inflow.rates.ofConnection, inflow.now());
    shared.inlets++;
  }

  get isPaused(): boolean {
    return this.#timer !== undefined;
  }

  /** Until when nothing was read that may have come: now, or the end of the last pause. */
  get pausedUntil(): number {
    return this.isPaused ? this.#inflow.now() : this.#resumedAt;
  }

  /** Counts bytes that have come. */
  count(bytes: number): void {
    if (this.#isClosed) return;
    const now = this.#inflow.now();
    const granted = Math.min(bytes, this.#granted);
    this.#granted -= granted;
    const wait = Math.max(this.#own.spend(bytes, now), this.#shared.bucket.spend(bytes - granted, now));
    if (wait === 0 || this.isPaused) return;
    this.#valve.pause();
    this.#wait(wait);
  }

  /** The connection ends: what it still says is read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#shared.inlets--;
    if (this.isPaused) this.#resume();
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    const now = this.#inflow.now();
    const wait = Math.max(this.#own.spend(0, now), this.#shared.bucket.spend(0, now));
    if (wait > 0) return this.#wait(wait);
    this.#shared.bucket.spend(GRANT - this.#granted, now);
    this.#granted = GRANT;
    this.#resume();
  }

  #resume(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#resumedAt = this.#inflow.now();
    this.#valve.resume();
  }
}
