/**
 * Writes, gathered: everything that is sent within one tick of the event loop leaves in one system call per socket.
 *
 * The cost of a broadcast is one system call per recipient per write, so frames wait in a queue until the tick ends.
 * A queue is a place in a tree of frames, made anew each tick: appending a frame steps to the child for that frame.
 * Sockets that were sent the same frames stand at the same node, whose bytes are joined once for all of them.
 */
import type { Duplex } from "node:stream";
import { FrameNode, type Frame } from "./frame-tree.js";
import { handleOf, writeDirectly, type Completion, type Handle } from "./direct-write.js";
import { throwLater } from "./throw-later.js";

/** A tick's bytes up to this size are copied together; more are handed over chunk by chunk (writev). */
const JOIN_LIMIT = 64 * 1024;

/** What a queue asks and tells its owner. */
export interface QueueOwner {
  /**
   * A tick's frames are about to leave; `idle` says that the kernel has taken all before them. What is appended
   * meanwhile leaves with them. False forbids it: data must not follow a close frame.
   */
  onFlush(idle: boolean): boolean;
  /** All that was queued has gone to the kernel. */
  onDrained(): void;
  /** More than `maxBuffered` bytes wait behind a write that the kernel does not take: what waited was dropped. */
  onOverflow(): void;
}

/** The queues of one bridge or server. Has no timer of its own but the one that ends the tick. */
export class Outbox {
  /** Where queues begin in this tick. */
  root = new FrameNode();
  #waiting: WriteQueue[] = [];

  /** The queue is to be flushed when this tick ends. */
  enlist(queue: WriteQueue): void {
    if (this.#waiting.length === 0) setImmediate(this.#flush);
    this.#waiting.push(queue);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.root = new FrameNode();
    for (const queue of waiting) {
      try {
        queue.flush();
      } catch (error) {
        throwLater(error);
      }
    }
  };
}

const EMPTY = new FrameNode();

/**
 * A place in the tree that many queues stand at together, so that a broadcast moves one place and not a thousand. As
 * soon as one of them is sent something else, it goes its own way, and the group is broken for the rest of the tick.
 */
export class QueueGroup {
  readonly #outbox: Outbox;
  /** The tick, by its root, for which the group is formed; undefined when it is broken. */
  #tick: FrameNode | undefined;
  #place = EMPTY;
  /** Queues that stand at `place`, and rely on it, though the group may be broken. */
  #standing = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** Whether the group is formed, and nothing has been sent to one of its queues alone since. */
  get intact(): boolean {
    return this.#tick === this.#outbox.root;
  }

  /**
   * Forms the group for this tick; each of its queues must then `enter` it, before anything is appended. False while
   * queues stand in it still: broken in this tick, or in the last one, whose frames are just being written.
   */
  form(): boolean {
    if (this.#standing > 0) return false;
    this.#tick = this.#outbox.root;
    this.#place = this.#outbox.root;
    return true;
  }

  enter(): void {
    this.#standing++;
  }

  /** One queue goes its own way. */
  leave(): void {
    this.break();
    // An idle room must not keep what was last sent to it.
    if (--this.#standing === 0) this.#place = EMPTY;
  }

  break(): void {
    this.#tick = undefined;
  }

  get node(): FrameNode {
    return this.#place;
  }

  /** Appends a frame to all queues of the group, which must be intact. */
  append(frame: Frame): void {
    this.#place = this.#place.step(frame);
  }
}

/**
 * The frames that wait for one socket. At most one write is under way at a time; what comes meanwhile waits here and
 * not in the socket, so that a reader that is too slow can be sent a close frame in place of all that it missed.
 */
export class WriteQueue implements Completion {
  readonly #outbox: Outbox;
  readonly #socket: Duplex;
  readonly #owner: QueueOwner;
  /** Bytes that may wait behind a write; more, and the queue overflows. */
  readonly #maxBuffered: number;
  /** This tick's frames, unless they are the group's. */
  #node: FrameNode | undefined;
  #group: QueueGroup | undefined;
  /** What earlier ticks sent, behind the write that is under way: joined, since small frames cost more than their bytes. */
  #backlog: Buffer[] = NOTHING;
  #backlogBytes = 0;
  /** Bytes of the write that is under way, where the stream does not count them. */
  #direct = 0;
  /** Writes that the kernel has not taken: one, or two once `flushAll` was called. */
  #underWay = 0;
  #flushing = false;
  readonly #handle: Handle | undefined;

  constructor(outbox: Outbox, socket: Duplex, owner: QueueOwner, maxBuffered: number) {
    this.#outbox = outbox;
    this.#socket = socket;
    this.#owner = owner;
    this.#maxBuffered = maxBuffered;
    this.#handle = handleOf(socket);
  }

  /** Appends a frame, to be written at the end of this tick of the event loop. */
  append(frame: Frame): void {
    if (this.#group !== undefined) this.leave();
    let node = this.#node;
    if (node === undefined) {
      this.#outbox.enlist(this);
      node = this.#outbox.root;
    }
    this.#node = node.step(frame);
  }

  /** Joins a group that was just formed; false if this queue has frames of its own in this tick already. */
  enter(group: QueueGroup): boolean {
    if (this.#node !== undefined || this.#group !== undefined) return false;
    this.#group = group;
    group.enter();
    this.#outbox.enlist(this);
    return true;
  }

  /** Goes on from where the group is, alone. */
  leave(): void {
    const group = this.#group;
    if (group === undefined) return;
    this.#node = group.node;
    this.#group = undefined;
    group.leave();
  }

  /** Bytes that are not yet with the kernel. */
  get bufferedAmount(): number {
    const node = this.#group?.node ?? this.#node;
    return this.#socket.writableLength + this.#direct + this.#backlogBytes + (node?.bytes ?? 0);
  }

  /** Ends the tick for this queue. */
  flush(): void {
    this.leave();
    if (this.#node === undefined) return; // was flushed before the tick ended
    const allowed = this.#mayFlush();
    const node = this.#take();
    if (node === undefined || !allowed) return; // none: the owner has closed, and so flushed, meanwhile
    if (this.#underWay === 0) {
      this.#write(node);
      return;
    }
    if (this.#backlogBytes + node.bytes > this.#maxBuffered) {
      this.#clear();
      this.#owner.onOverflow();
      return;
    }
    if (this.#backlog === NOTHING) this.#backlog = [];
    this.#backlog.push(...chunksOf(node));
    this.#backlogBytes += node.bytes;
  }

  #take(): FrameNode | undefined {
    const node = this.#node;
    this.#node = undefined;
    return node;
  }

  /** Asks the owner, who may run an application's listeners; one of these may flush again, and is not asked. */
  #mayFlush(): boolean {
    if (!this.#socket.writable) return false;
    if (this.#flushing) return true;
    this.#flushing = true;
    try {
      return this.#owner.onFlush(this.#underWay === 0);
    } catch (error) {
      throwLater(error);
      return this.#socket.writable;
    } finally {
      this.#flushing = false;
    }
  }

  /** Hands over all that waits, so that what is written to the socket next comes after it. */
  flushAll(): void {
    this.flush();
    this.#writeBacklog();
  }

  #clear(): void {
    this.#backlog = NOTHING;
    this.#backlogBytes = 0;
  }

  #writeBacklog(): void {
    const backlog = this.#backlog;
    if (backlog === NOTHING) return;
    this.#clear();
    this.#writeToStream(backlog);
  }

  #write(node: FrameNode): void {
    const handle = this.#handle;
    const socket = this.#socket;
    // What waits in the stream goes first.
    if (handle === undefined || node.bytes > JOIN_LIMIT || socket.writableLength > 0) {
      this.#writeToStream(chunksOf(node));
      return;
    }
    const bytes = node.join();
    const result = writeDirectly(handle, socket, bytes, this);
    if (result === "written") {
      this.#owner.onDrained();
    } else if (result === "pending") {
      this.#underWay++;
      this.#direct = bytes.length;
    } else {
      this.#writeToStream([bytes]);
    }
  }

  #writeToStream(chunks: Buffer[]): void {
    const socket = this.#socket;
    const last = chunks.pop();
    if (last === undefined) return;
    this.#underWay++;
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.write(last, (error) => this.onWritten(error));
    socket.uncork();
  }

  onWritten(error?: Error | null): void {
    // After an error the socket closes, and its owner hears of that from the socket itself.
    if (error) return;
    // Not asked of the socket: pings, pongs and the close frame of `ws` may wait there, and nobody tells when they have gone.
    if (--this.#underWay > 0) return;
    this.#direct = 0;
    if (this.#backlog !== NOTHING) {
      if (this.#owner.onFlush(false)) this.#writeBacklog();
      else this.#clear();
    } else if (this.#node === undefined && this.#group === undefined) {
      this.#owner.onDrained();
    }
  }
}

/** The backlog of a queue that has none: most have none, and need no array. */
const NOTHING: Buffer[] = [];

/** A tick's frames as few buffers: one, unless copying them together would cost more than it saves. */
function chunksOf(node: FrameNode): Buffer[] {
  return node.bytes <= JOIN_LIMIT ? [node.join()] : FrameNode.chunks(node);
}
