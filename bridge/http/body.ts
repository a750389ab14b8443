/** Bodies of requests, whole or not at all. */
import type { IncomingMessage } from "node:http";

const LF = 0x0a;

export interface BodyOwner {
  /** Bytes have come. */
  onBytes(count: number): void;
  onBody(body: Buffer): void;
  onTooBig(): void;
  /** The client has gone before it was whole. */
  onAborted(): void;
}

/** Reads a body of up to `max` bytes, an LF at its end not counted. Returns what stops it: then nothing more is told. */
export function readBody(request: IncomingMessage, max: number, owner: BodyOwner): () => void {
  const chunks: Buffer[] = [];
  let length = 0;
  const stop = (): void => {
    request.off("data", onData).off("end", onEnd).off("close", onClose);
    request.resume();
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    length += chunk.length;
    owner.onBytes(chunk.length);
    if (length <= max || (length === max + 1 && chunk.at(-1) === LF)) return;
    stop();
    owner.onTooBig();
  };
  const onEnd = (): void => {
    stop();
    owner.onBody(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
  };
  const onClose = (): void => {
    stop();
    owner.onAborted();
  };
  request.on("data", onData).on("end", onEnd).on("close", onClose);
  return stop;
}

/** The lines that are not empty. */
export function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length;) {
    const found = body.indexOf(LF, start);
    const end = found === -1 ? body.length : found;
    if (end > start) lines.push(body.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
