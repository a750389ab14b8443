/**
 * Writes, gathered: everything that is sent within one tick of the event loop leaves in one system call per socket.
 *
 * The cost of a broadcast is one system call per recipient per write, so frames wait in a queue until the tick ends.
 * A queue is a place in a tree of frames, made anew each tick: appending a frame steps to the child for that frame.
 * Sockets that were sent the same frames stand at the same node, whose bytes are joined once for all of them.
 */
import { FrameNode } from "./frame-tree.js";
import type { Frame } from "./frame.js";
import { throwLater } from "./throw-later.js";

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
  #waiting: FrameQueue[] = [];

  /** The queue is to be flushed when this tick ends. */
  enlist(queue: FrameQueue): void {
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

/** The frames of this tick for one connection. What becomes of them then, a queue of a certain kind knows. */
export abstract class FrameQueue {
  readonly #outbox: Outbox;
  protected readonly owner: QueueOwner;
  /** This tick's frames, unless they are the group's. */
  #node: FrameNode | undefined;
  #group: QueueGroup | undefined;
  #flushing = false;

  constructor(outbox: Outbox, owner: QueueOwner) {
    this.#outbox = outbox;
    this.owner = owner;
  }

  /** Bytes that are not yet with the kernel. */
  abstract get bufferedAmount(): number;
  /** Hands over all that waits, so that what is written next comes after it. */
  abstract flushAll(): void;
  /** Whether anything can be written still. */
  protected abstract get isOpen(): boolean;
  /** Whether the kernel has taken all before. */
  protected abstract get isIdle(): boolean;
  /** Takes the frames of a tick. */
  protected abstract send(node: FrameNode): void;

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

  /** Bytes of this tick's frames. */
  protected get tickBytes(): number {
    return (this.#group?.node ?? this.#node)?.bytes ?? 0;
  }

  /** Whether nothing was sent in this tick. */
  protected get isTickEmpty(): boolean {
    return this.#node === undefined && this.#group === undefined;
  }

  /** Ends the tick for this queue. */
  flush(): void {
    this.leave();
    if (this.#node === undefined) return; // was flushed before the tick ended
    const allowed = this.#mayFlush();
    const node = this.#node as FrameNode | undefined;
    this.#node = undefined;
    // None: the owner has closed, and so flushed, meanwhile.
    if (node !== undefined && allowed) this.send(node);
  }

  /** Asks the owner, who may run an application's listeners; one of these may flush again, and is not asked. */
  #mayFlush(): boolean {
    if (!this.isOpen) return false;
    if (this.#flushing) return true;
    this.#flushing = true;
    try {
      return this.owner.onFlush(this.isIdle);
    } catch (error) {
      throwLater(error);
      return this.isOpen;
    } finally {
      this.#flushing = false;
    }
  }
}
