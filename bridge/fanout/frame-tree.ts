/**
 * WebSocket frames, and the tree in which a tick of the event loop keeps them: each node is the frames from the root to
 * it, so that all who were sent the same stand at one node. Pure.
 */

/** The bytes of one WebSocket frame, in one or more chunks. Shared between sockets: never written to. */
export type Frame = readonly Buffer[];

export class FrameNode {
  readonly #parent: FrameNode | undefined;
  readonly #frame: Frame;
  readonly bytes: number;
  #next: FrameNode | undefined;
  #joined: Buffer | undefined;

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

  /** All chunks from the root to `end`. */
  static chunks(end: FrameNode): Buffer[] {
    const frames: Frame[] = [];
    for (let node: FrameNode | undefined = end; node !== undefined; node = node.#parent)
      frames.push(node.#frame);
    return frames.reverse().flat();
  }
}

/** A text message as one unmasked WebSocket frame (RFC 6455, section 5.2). */
export function textFrame(text: string): Frame {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81; // the final fragment, text
  if (header === 2) {
    frame[1] = length;
  } else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  frame.write(text, header);
  return [frame];
}
