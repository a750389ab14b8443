/**
 * The frames for a client that reads over HTTP: kept until it says that it has them, and sent on whatever reader there is. With
 * none, or with one that is not ready, they wait; when too much does, the owner is told, as of a WebSocket that is not read.
 */
import type { FrameNode } from "../fanout/frame-tree.js";
import { FrameQueue, type Outbox, type QueueOwner } from "../fanout/outbox.js";
import type { Close, Reader, ReaderOwner } from "./reader.js";
import { Replay } from "./replay.js";

export interface EventQueueOwner extends QueueOwner {
  /** There is another reader, or none any more. */
  onReader(reader: Reader | undefined): void;
  /** The client was told of the close, or cannot be. */
  onCloseSent(): void;
}

export interface EventQueueLimits {
  /** Bytes that may wait to be sent. */
  readonly maxBufferedBytes: number;
  /** Bytes that are kept though they were sent. */
  readonly maxReplay: number;
}

/** Bytes that are kept of a session that is closed, and whose client was told so: it may not have got them. */
const KEPT_WHEN_CLOSED = 64 * 1024;

export class EventQueue extends FrameQueue implements ReaderOwner {
  readonly #owner: EventQueueOwner;
  readonly #limits: EventQueueLimits;
  readonly #replay: Replay;
  #reader: Reader | undefined;
  #close: Close | undefined;
  #isCloseSent = false;

  constructor(outbox: Outbox, owner: EventQueueOwner, limits: EventQueueLimits) {
    super(outbox, owner);
    this.#owner = owner;
    this.#limits = limits;
    this.#replay = new Replay(limits.maxReplay);
  }

  get bufferedAmount(): number {
    return (this.#reader?.bufferedAmount ?? 0) + this.#replay.freshBytes + this.tickBytes;
  }

  /** Whether all was sent that there is. */
  get isDrained(): boolean {
    return this.isTickEmpty && !this.#replay.hasUnsent && this.bufferedAmount === 0;
  }

  get reader(): Reader | undefined {
    return this.#reader;
  }

  /** Why the session is closed, if it is. */
  get closedWith(): Close | undefined {
    return this.#close;
  }

  flushAll(): void {
    this.flush();
    this.#pump();
  }

  protected get isOpen(): boolean {
    return this.#close === undefined;
  }

  protected get isIdle(): boolean {
    return this.#reader?.isReady === true && !this.#replay.hasUnsent;
  }

  protected send(node: FrameNode): void {
    const replay = this.#replay;
    replay.add(node.batch);
    this.#pump();
    if (replay.freshBytes > this.#limits.maxBufferedBytes) {
      replay.dropFresh();
      this.owner.onOverflow();
    }
  }

  /** Sends what waits, if it can be sent. */
  #pump(): void {
    const reader = this.#reader;
    if (reader?.isReady !== true || !this.#replay.hasUnsent) return;
    const one = this.#replay.takeOne();
    const isWritten = one === undefined ? reader.write(this.#replay.takeUnsent()) : reader.writeOne(one);
    if (isWritten) this.owner.onDrained();
  }

  /** The client has so many frames. False if there never were so many. */
  acknowledge(count: number): boolean {
    return this.#replay.acknowledge(count);
  }

  /** Whether a reader of a client that has so many frames would miss none. */
  canResume(count: number): boolean {
    return this.#replay.canResume(count);
  }

  /** Sends on another reader, whose client has `count` frames. Only if it can resume. */
  attach(reader: Reader, count: number): void {
    const former = this.#reader;
    this.#reader = reader;
    former?.end();
    this.#replay.rewind(count);
    reader.begin(this.#replay.first);
    this.#owner.onReader(reader);
    if (this.#close !== undefined) this.#sendClose();
    else if (this.#replay.hasUnsent) this.#pump();
    else if (reader.isReady && this.isTickEmpty) this.owner.onDrained();
  }

  /** Closes: what waits is sent, and then `close`, on this reader or on the next. */
  closeWith(close: Close): void {
    if (this.#close !== undefined) return;
    this.flushAll();
    this.#close = close;
    this.#sendClose();
  }

  #sendClose(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    // A stream has what it was given in order; one that does not read is cut off.
    reader.end(this.#close, this.#replay.takeUnsent());
  }

  /** Cuts the reader off, and sends nothing more. */
  cut(): void {
    this.#reader?.destroy();
  }

  onReaderDrained(reader: Reader): void {
    if (reader !== this.#reader || this.#close !== undefined) return;
    if (this.#replay.hasUnsent) {
      if (reader.isReady && this.owner.onFlush(false)) this.#pump();
    } else if (this.isTickEmpty) {
      this.owner.onDrained();
    }
  }

  onReaderGone(reader: Reader): void {
    if (reader !== this.#reader) return;
    this.#reader = undefined;
    this.#owner.onReader(undefined);
    if (this.#close === undefined || this.#isCloseSent) return;
    this.#isCloseSent = true;
    if (this.#replay.keptBytes > KEPT_WHEN_CLOSED) this.#replay.clear();
    this.#owner.onCloseSent();
  }
}
