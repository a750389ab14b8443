/**
 * The frames that wait for one socket. At most one write is under way at a time; what comes meanwhile waits here and
 * not in the socket, so that a reader that is too slow can be sent a close frame in place of all that it missed.
 */
import type { Duplex } from "node:stream";
import { FrameNode } from "./frame-tree.js";
import { FrameQueue, type Outbox, type QueueOwner } from "./outbox.js";
import { JOIN_LIMIT, SocketWriter, type WriterOwner } from "./socket-writer.js";

export class WriteQueue extends FrameQueue implements WriterOwner {
  readonly #writer: SocketWriter;
  /** Bytes that may wait behind a write; more, and the queue overflows. */
  readonly #maxBuffered: number;
  /** What earlier ticks sent, behind the write that is under way: joined, since small frames cost more than their bytes. */
  #backlog: Buffer[] = NOTHING;
  #backlogBytes = 0;

  constructor(outbox: Outbox, socket: Duplex, owner: QueueOwner, maxBuffered: number) {
    super(outbox, owner);
    this.#writer = new SocketWriter(socket, this);
    this.#maxBuffered = maxBuffered;
  }

  get bufferedAmount(): number {
    return this.#writer.bufferedAmount + this.#backlogBytes + this.tickBytes;
  }

  flushAll(): void {
    this.flush();
    this.#writeBacklog();
  }

  onWritten(): void {
    if (this.#backlog !== NOTHING) {
      if (this.owner.onFlush(false)) this.#writeBacklog();
      else this.#clear();
    } else if (this.isTickEmpty) {
      this.owner.onDrained();
    }
  }

  protected get isOpen(): boolean {
    return this.#writer.socket.writable;
  }

  protected get isIdle(): boolean {
    return this.#writer.isIdle;
  }

  protected send(node: FrameNode): void {
    if (this.#writer.isIdle) {
      this.#write(node);
      return;
    }
    if (this.#backlogBytes + node.bytes > this.#maxBuffered) {
      this.#clear();
      this.owner.onOverflow();
      return;
    }
    if (this.#backlog === NOTHING) this.#backlog = [];
    this.#backlog.push(...chunksOf(node));
    this.#backlogBytes += node.bytes;
  }

  #write(node: FrameNode): void {
    if (node.bytes > JOIN_LIMIT) this.#writer.writeAll(chunksOf(node));
    else if (this.#writer.writeOne(node.join())) this.owner.onDrained();
  }

  #clear(): void {
    this.#backlog = NOTHING;
    this.#backlogBytes = 0;
  }

  #writeBacklog(): void {
    const backlog = this.#backlog;
    if (backlog === NOTHING) return;
    this.#clear();
    this.#writer.writeAll(backlog);
  }
}

/** The backlog of a queue that has none: most have none, and need no array. */
const NOTHING: Buffer[] = [];

/** A tick's frames as few buffers: one, unless copying them together would cost more than it saves. */
function chunksOf(node: FrameNode): Buffer[] {
  return node.bytes <= JOIN_LIMIT ? [node.join()] : FrameNode.chunks(node);
}
