/** The bytes of WebSocket frames (RFC 6455, section 5.2), right ones and wrong ones. Pure. */

export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;

/** A frame as a client sends it; what is left out is as it should be. */
export interface ClientWireFrame {
  opcode: number;
  payload?: Buffer | string;
  /** Whether it is the last fragment. */
  fin?: boolean;
  /** The three reserved bits, as a number. */
  rsv?: number;
  /** False leaves the mask out, which a server must not accept. */
  masked?: boolean;
  /** The masking key; all zero unless given, so that the payload stands on the wire as it is. */
  key?: Buffer;
  /** The length that the header claims, where it is not the payload's. */
  claims?: number;
}

const ZERO_KEY = Buffer.alloc(4);

export function clientFrame(frame: ClientWireFrame): Buffer {
  const { opcode, fin = true, rsv = 0, masked = true, key = ZERO_KEY } = frame;
  const payload = Buffer.from(frame.payload ?? "");
  const length = frame.claims ?? payload.length;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  if (header.length === 2) {
    header[1] = mask | length;
  } else if (header.length === 4) {
    header[1] = mask | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = mask | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([header, payload]);
  if (key.some((byte) => byte !== 0)) {
    for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (key[i % 4] ?? 0);
  }
  return Buffer.concat([header, key, payload]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ""): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}

/** A frame that a server sent. */
export interface ServerWireFrame {
  opcode: number;
  rsv: number;
  payload: Buffer;
}

/** Takes the frames of a server out of chunks of bytes. Throws at what no server may send. */
export class FrameReader {
  /** What came of a frame that is not whole yet. */
  #rest: Buffer[] = [];
  #length = 0;
  /** Bytes without which there is no whole frame. To join the chunks before they are there would cost their square. */
  #needed = 0;

  read(chunk: Buffer): ServerWireFrame[] {
    this.#rest.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
    const frames: ServerWireFrame[] = [];
    let at = 0;
    let head = headOf(bytes, at);
    while (head !== undefined && bytes.length >= head.end) {
      frames.push({ ...head, payload: bytes.subarray(head.start, head.end) });
      at = head.end;
      head = headOf(bytes, at);
    }
    this.#length = bytes.length - at;
    this.#needed = head === undefined ? 0 : head.end - at;
    // Not an empty part of them: it would keep all of the bytes.
    this.#rest = this.#length === 0 ? [] : [bytes.subarray(at)];
    return frames;
  }
}

function headOf(
  bytes: Buffer,
  at: number,
): { opcode: number; rsv: number; start: number; end: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const first = bytes.readUInt8(at);
  const second = bytes.readUInt8(at + 1);
  if (second >= 0x80) throw new Error("a server's frame is masked");
  if (first < 0x80) throw new Error("a server's message is fragmented");
  const head = { opcode: first & 0x0f, rsv: (first >> 4) & 7 };
  if (second < 126) return { ...head, start: at + 2, end: at + 2 + second };
  const start = at + (second === 126 ? 4 : 10);
  if (bytes.length < start) return undefined;
  const length = second === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  return { ...head, start, end: start + length };
}
