/**
 * Reads WebSocket frames (RFC 6455, section 5.2) out of one direction of a byte stream, however it is cut into chunks.
 * Pure, and of bounded memory: of a payload only the beginning is kept. It looks on and judges nothing: enforcing the
 * protocol is the business of the endpoint.
 */

export interface RawFrame {
  fin: boolean;
  /** RSV1, which permessage-deflate sets on compressed messages. */
  compressed: boolean;
  opcode: number;
  masked: boolean;
  headerBytes: number;
  payloadBytes: number;
  /** The first bytes of the payload, unmasked: at most the reader's `maxKept`. */
  payload: Buffer;
}

interface Header extends Omit<RawFrame, "payload"> {
  mask: Buffer | undefined;
}

/** Two bytes, an extended length of eight, and a masking key. */
const LONGEST_HEADER = 14;

export class FrameReader {
  readonly #maxKept: number;
  readonly #header = Buffer.alloc(LONGEST_HEADER);
  #headerLength = 0;
  /** Of the frame whose payload is being read. */
  #frame: Header | undefined;
  #kept: Buffer[] = [];
  #keptLength = 0;
  /** Bytes of the payload that have not come yet. */
  #left = 0;

  /** @param maxKept Bytes of a payload that are kept. */
  constructor(maxKept: number) {
    this.#maxKept = maxKept;
  }

  /** The frames that end within this chunk, in order. Keeps no reference to the chunk. */
  read(chunk: Uint8Array): RawFrame[] {
    const frames: RawFrame[] = [];
    let at = 0;
    while (at < chunk.length || (this.#frame !== undefined && this.#left === 0)) {
      if (this.#frame === undefined) {
        this.#header[this.#headerLength++] = chunk[at++] ?? 0;
        this.#frame = parseHeader(this.#header.subarray(0, this.#headerLength));
        this.#left = this.#frame?.payloadBytes ?? 0;
      } else if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        this.#keep(part);
        at += part.length;
        this.#left -= part.length;
      } else {
        frames.push(this.#finish(this.#frame));
      }
    }
    return frames;
  }

  #keep(part: Uint8Array): void {
    const wanted = part.subarray(0, this.#maxKept - this.#keptLength);
    if (wanted.length === 0) return;
    this.#kept.push(Buffer.from(wanted));
    this.#keptLength += wanted.length;
  }

  #finish({ mask, ...frame }: Header): RawFrame {
    const payload = Buffer.concat(this.#kept);
    if (mask !== undefined) unmask(payload, mask);
    this.#headerLength = 0;
    this.#frame = undefined;
    this.#kept = [];
    this.#keptLength = 0;
    return { ...frame, payload };
  }
}

/** The header, once all of its bytes are there. */
function parseHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < 2) return undefined;
  const [first = 0, second = 0] = bytes;
  const masked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
  const headerBytes = 2 + extended + (masked ? 4 : 0);
  if (bytes.length < headerBytes) return undefined;
  return {
    fin: (first & 0x80) !== 0,
    compressed: (first & 0x40) !== 0,
    opcode: first & 0x0f,
    masked,
    headerBytes,
    payloadBytes:
      extended === 8 ? Number(bytes.readBigUInt64BE(2)) : extended === 2 ? bytes.readUInt16BE(2) : short,
    mask: masked ? Buffer.from(bytes.subarray(headerBytes - 4, headerBytes)) : undefined,
  };
}

/** In place; RFC 6455, section 5.3. */
function unmask(payload: Buffer, mask: Buffer): void {
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
}
