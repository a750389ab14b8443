/**
 * Frames as server-sent events (PROTOCOL.md, 12.5), for clients that read over HTTP: made once for all who were sent the same. Pure.
 */
import type { Frame } from "./frame.js";

/** The frames of a tick. Shared between connections: never written to. */
export interface EventBatch {
  /** How many frames. */
  readonly count: number;
  readonly events: Buffer;
  /** The events as one chunk of HTTP/1.1 (RFC 9112, 7.1). */
  readonly chunk: Buffer;
}

const DATA = Buffer.from("data: ");
const END = Buffer.from("\n\n");
const CHUNK_END = Buffer.from("\r\n");

/** @param frames Text messages, each as one unmasked WebSocket frame: what `textFrame` makes. */
export function toEventBatch(frames: readonly Frame[]): EventBatch {
  const parts: Buffer[] = [];
  for (const [first, ...rest] of frames) {
    if (first === undefined) continue;
    parts.push(DATA, first.subarray(headerLength(first)), ...rest, END);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size = Buffer.from(`${length.toString(16)}\r\n`);
  const chunk = Buffer.concat([size, ...parts, CHUNK_END], size.length + length + CHUNK_END.length);
  const events = chunk.subarray(size.length, size.length + length);
  if (hasLineEnds(events, frames.length)) dropLineEnds(events, parts);
  return { count: frames.length, events, chunk };
}

/** Text as one chunk of HTTP/1.1. */
export function toChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
}

/** RFC 6455, 5.2. */
function headerLength(frame: Buffer): number {
  const length = (frame[1] ?? 0) & 0x7f;
  return length < 126 ? 2 : length === 126 ? 4 : 10;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** Whether there are more ends of lines than those that the events have themselves. */
function hasLineEnds(events: Buffer, count: number): boolean {
  let lines = 0;
  for (let at = events.indexOf(LF); at !== -1; at = events.indexOf(LF, at + 1)) lines++;
  return lines > 2 * count || events.includes(CR);
}

/** JSON that an application has made may be on several lines: between its tokens a space does as well. */
function dropLineEnds(events: Buffer, parts: readonly Buffer[]): void {
  let at = 0;
  for (const part of parts) {
    const end = at + part.length;
    if (part !== END) {
      for (; at < end; at++) if (events[at] === LF || events[at] === CR) events[at] = SPACE;
    }
    at = end;
  }
}
