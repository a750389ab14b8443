/**
 * The tree in which a tick of the event loop keeps frames: each node is the frames from the root to it, so that all who were
 * sent the same stand at one node. Pure.
 */

import { toEventBatch, type EventBatch } from "./event-batch.js";
import type { Frame } from "./frame.js";

export class FrameNode {
  readonly #parent: FrameNode | undefined;
  readonly #frame: Frame;
  readonly bytes: number;
  #next: FrameNode | undefined;
  #joined: Buffer | undefined;
  #batch: EventBatch | undefined;

  constructor(parent?: FrameNode, frame: Frame = []) {
    this.#parent = parent;
    this.#frame = frame;
    let bytes = parent === undefined ? 0 : parent.bytes;
    for (const chunk of frame) bytes += chunk.length;
    this.bytes = bytes;
  }

  /** The node after `frame`. Only the last child is kept: a broadcast asks for the same one again and again. */
  step(frame: Frame): FrameNode {
    const next = this.#next;
    if (next !== undefined && next.#frame === frame) return next;
    return (this.#next = new FrameNode(this, frame));
  }

  /** All bytes from the root to here, as one buffer that is made once. */
  join(): Buffer {
    return (this.#joined ??= Buffer.concat(FrameNode.chunks(this), this.bytes));
  }

  /** All frames from the root to here as server-sent events, made once. They must be text messages. */
  get batch(): EventBatch {
    return (this.#batch ??= toEventBatch(FrameNode.#frames(this)));
  }

  /** All chunks from the root to `end`. */
  static chunks(end: FrameNode): Buffer[] {
    return FrameNode.#frames(end).flat();
  }

  static #frames(end: FrameNode): Frame[] {
    const frames: Frame[] = [];
    // The root has no frame.
    for (let node = end; node.#parent !== undefined; node = node.#parent) frames.push(node.#frame);
    return frames.reverse();
  }
}
