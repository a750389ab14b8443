/** Just enough of WebSocket (RFC 6455) for a client on a raw TCP socket. Pure. */

/** The upgrade request (4.1). The key is the RFC's own example: it need not be random to be answered. */
export function upgradeRequest(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");
}

/** A client's text frame (5.2) of less than 64 KiB. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
  // A mask of zeros is a mask too, and leaves the payload as it is.
  const header = [0x81, 0x80 | length[0]!, ...length.slice(1), 0, 0, 0, 0];
  return Buffer.concat([Buffer.from(header), payload]);
}

const TEXT = 0x81;
const CLOSE = 0x88;

/** Bytes of a message that are kept. What is longer is a list of members, of which nobody reads more than how it begins. */
const KEPT = 4096;

/** Takes a server's bytes, in pieces as they come, and gives its text messages. */
export class MessageReader {
  readonly #onMessage: (text: Buffer) => void;
  /** A part of a frame. */
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of the last frame that are still to come, and are not kept. */
  #skip = 0;

  /** @param onMessage Gets the first 4,096 bytes of a message, which it must not keep. */
  constructor(onMessage: (text: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  /** Throws where a frame is no whole text message. */
  push(bytes: Buffer): void {
    let at = Math.min(this.#skip, bytes.length);
    this.#skip -= at;
    if (this.#rest.length > 0) bytes = Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const frame = frameAt(bytes, at);
      if (frame === undefined) break;
      const kept = Math.min(frame.length, KEPT);
      const end = frame.start + kept;
      if (end > bytes.length) break;
      at = Math.min(frame.start + frame.length, bytes.length);
      this.#skip = frame.start + frame.length - at;
      this.#onMessage(bytes.subarray(frame.start, end));
    }
    // A copy: the caller may read into the same buffer again.
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}

/** Where the payload of the frame begins that begins at `at`, and its length; undefined if its header is not there yet. */
function frameAt(bytes: Buffer, at: number): { start: number; length: number } | undefined {
  if (at + 2 > bytes.length) return undefined;
  const short = bytes[at + 1]!;
  const start = at + (short === 127 ? 10 : short === 126 ? 4 : 2);
  if (start > bytes.length) return undefined;
  const length =
    short === 127
      ? Number(bytes.readBigUInt64BE(at + 2))
      : short === 126
        ? bytes.readUInt16BE(at + 2)
        : short;
  if (bytes[at] === TEXT) return { start, length };
  if (bytes[at] !== CLOSE) throw new Error(`the server sent a frame of kind 0x${bytes[at]!.toString(16)}`);
  const code = length >= 2 && start + 2 <= bytes.length ? bytes.readUInt16BE(start) : "none";
  const reason = bytes.toString("utf8", start + 2, start + length);
  throw new Error(`the server closed the connection: code ${code} ${reason}`);
}
