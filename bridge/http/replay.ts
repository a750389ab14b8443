/**
 * What a session sends, from when it is to be sent until the client says that it has it (PROTOCOL.md, 12.14). Frames are
 * counted by both sides, so that none has a number of its own in it. Pure.
 */
import type { EventBatch } from "../fanout/event-batch.js";

/** Batches that are let go of stay in the array until there are so many: to move all others for each would cost more. */
const SPARE = 256;

export class Replay {
  readonly #max: number;
  /** Batches in order; those before `#head` are let go of, those from `#next` on are to be sent. */
  #batches: EventBatch[] = [];
  #head = 0;
  #next = 0;
  /** The number of the first frame that is kept. */
  #first = 0;
  /** How many frames were handed out to be sent, at least once. */
  #handed = 0;
  /** How many frames there have been. */
  #total = 0;
  /** Bytes that are kept though they were handed out to be sent. */
  #sentBytes = 0;
  #freshBytes = 0;

  /** @param max Bytes that are kept though they were sent. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Bytes that were never handed out to be sent. */
  get freshBytes(): number {
    return this.#freshBytes;
  }

  get hasUnsent(): boolean {
    return this.#next < this.#batches.length;
  }

  add(batch: EventBatch): void {
    this.#batches.push(batch);
    this.#total += batch.count;
    this.#freshBytes += batch.events.length;
  }

  /** All that is to be sent now. */
  takeUnsent(): readonly EventBatch[] {
    const unsent = this.#batches.slice(this.#next);
    for (const batch of unsent) this.#sentBytes += batch.events.length;
    this.#sent();
    return unsent;
  }

  /** As `takeUnsent`, where it is one. */
  takeOne(): EventBatch | undefined {
    const batch = this.#batches[this.#next];
    if (batch === undefined || this.#next + 1 < this.#batches.length) return undefined;
    this.#sentBytes += batch.events.length;
    this.#sent();
    return batch;
  }

  #sent(): void {
    this.#next = this.#batches.length;
    this.#handed = this.#total;
    this.#freshBytes = 0;
    while (this.#sentBytes > this.#max && this.#head < this.#next) this.#letGo();
    this.#tidy();
  }

  /** The client has `count` frames. False if there never were so many. */
  acknowledge(count: number): boolean {
    if (count > this.#handed) return false;
    for (;;) {
      const batch = this.#batches[this.#head];
      if (batch === undefined || this.#head >= this.#next || this.#first + batch.count > count) break;
      this.#letGo();
    }
    this.#tidy();
    return true;
  }

  /** Whether all is kept that a client with `count` frames does not have. */
  canResume(count: number): boolean {
    return count >= this.#first;
  }

  /** Has all be sent again that a client with `count` frames may not have. */
  rewind(count: number): void {
    this.acknowledge(count);
    this.#next = this.#head;
    this.#sentBytes = 0;
  }

  /** Bytes of all that is kept. */
  get keptBytes(): number {
    let bytes = 0;
    for (let i = this.#head; i < this.#batches.length; i++) bytes += this.#batches[i]?.events.length ?? 0;
    return bytes;
  }

  /** The number of the first frame that is to be sent next, once `rewind` was called. */
  get first(): number {
    return this.#first;
  }

  /** The client is not to get what was never sent. */
  dropFresh(): void {
    let dropped = 0;
    while (this.#batches.length > this.#next && this.#total - dropped > this.#handed) {
      dropped += this.#batches.pop()?.count ?? 0;
    }
    this.#total -= dropped;
    this.#freshBytes = 0;
  }

  /** Keeps nothing more. */
  clear(): void {
    this.#batches = [];
    this.#head = this.#next = 0;
    this.#first = this.#handed = this.#total;
    this.#sentBytes = this.#freshBytes = 0;
  }

  #letGo(): void {
    const batch = this.#batches[this.#head++];
    if (batch === undefined) return;
    this.#first += batch.count;
    this.#sentBytes -= batch.events.length;
  }

  #tidy(): void {
    if (this.#head < this.#batches.length && this.#head < SPARE) return;
    this.#batches = this.#batches.slice(this.#head);
    this.#next -= this.#head;
    this.#head = 0;
  }
}
