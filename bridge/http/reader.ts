/** An answer that frames go out on: a stream, or one poll (PROTOCOL.md, 12.4 and 12.5). */
import type { ServerResponse } from "node:http";
import { toChunk, type EventBatch } from "../fanout/event-batch.js";
import { JOIN_LIMIT, SocketWriter, type WriterOwner } from "../fanout/socket-writer.js";
import { writeHead } from "./answers.js";

/** A close code and its reason. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

export interface ReaderOwner {
  /** The kernel has what was written. */
  onReaderDrained(reader: Reader): void;
  /** The answer has ended, or its client has gone. */
  onReaderGone(reader: Reader): void;
}

export interface Reader {
  readonly kind: "sse" | "polling";
  /** Whether it takes frames now. */
  readonly isReady: boolean;
  /** Bytes that are not yet with the kernel. */
  readonly bufferedAmount: number;
  /** Writes the head, and `open` where it goes out by itself. @param next The number of the first frame that follows. */
  begin(next: number): void;
  /** Writes frames; to be called while it is ready. True when the kernel has them; otherwise that is told. */
  write(batches: readonly EventBatch[]): boolean;
  /** The same of one batch, as most are. */
  writeOne(batch: EventBatch): boolean;
  ping(): void;
  /** Ends the answer; where the session is closed, with the last frames, and with `close`. */
  end(close?: Close, batches?: readonly EventBatch[]): void;
  /** Cuts the client off. */
  destroy(): void;
}

/** Libraries wait for so much before they hand a stream to their users, some proxies too. */
const PADDING = `: ${" ".repeat(1024)}\n\n`;

const PING = "event: ping\ndata: {}\n\n";

function openEvent(next: number): string {
  return `event: open\ndata: {"next":${next}}\n\n`;
}

function closeEvent({ code, reason }: Close): string {
  return `event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
}

/**
 * Ends an answer that tells of a close, a moment later: an HTTP server that is closed in this tick cuts off connections whose answer
 * has ended, whether the kernel has it or not (Node 20, Server.closeIdleConnections).
 */
function endLater(response: ServerResponse, body?: Buffer): void {
  setImmediate(() => {
    if (!response.destroyed) response.end(body);
  });
}

/** Cuts a client off that does not take the end of its answer. */
function endInTime(response: ServerResponse, milliseconds: number): void {
  if (response.writableFinished || response.destroyed) return;
  const timer = setTimeout(() => response.destroy(), milliseconds);
  response.once("close", () => clearTimeout(timer));
}

export class StreamReader implements Reader, WriterOwner {
  readonly kind = "sse";
  readonly #response: ServerResponse;
  readonly #owner: ReaderOwner;
  readonly #closeTimeout: number;
  /** Made when the head is written. On a connection whose answer before this one is not out yet, Node hands out no socket. */
  #writer: SocketWriter | undefined;
  /** HTTP/1.0 knows no chunks: there the stream ends with the connection. */
  readonly #isChunked: boolean;
  /** Until then the head may wait in Node's response (Node 24 and newer), where what goes to the socket would come before it. */
  #isHeadOut = false;
  #isEnded = false;

  /** @param closeTimeout Milliseconds that the client has to take the end. */
  constructor(response: ServerResponse, owner: ReaderOwner, closeTimeout: number) {
    this.#response = response;
    this.#owner = owner;
    this.#closeTimeout = closeTimeout;
    this.#isChunked = response.req.httpVersionMajor === 1 && response.req.httpVersionMinor === 1;
    response.once("close", () => owner.onReaderGone(this));
  }

  get isReady(): boolean {
    return !this.#isEnded && this.#writer?.isIdle === true;
  }

  get bufferedAmount(): number {
    return this.#writer?.bufferedAmount ?? 0;
  }

  begin(next: number): void {
    const response = this.#response;
    // The connection is the stream's own, and what follows the head goes past Node's response, to the socket.
    writeHead(response, 200, { "Content-Type": "text/event-stream", Connection: "close" });
    // HTTP/2 has many answers on one socket, which is nobody's to write to.
    const socket = response.req.httpVersionMajor === 1 ? response.socket : null;
    const writer = new SocketWriter(socket ?? response, this);
    this.#writer = writer;
    writer.expect();
    response.write(`${openEvent(next)}${PADDING}`, (error) => {
      this.#isHeadOut = true;
      writer.onWritten(error);
    });
  }

  write(batches: readonly EventBatch[]): boolean {
    this.#writer?.writeAll(batches.map((batch) => this.#bytesOf(batch)));
    return false;
  }

  writeOne(batch: EventBatch): boolean {
    const bytes = this.#bytesOf(batch);
    if (this.#writer === undefined || bytes.length > JOIN_LIMIT) return this.write([batch]);
    return this.#writer.writeOne(bytes);
  }

  ping(): void {
    if (!this.#isEnded && this.#isHeadOut) this.#writer?.writeAll([this.#framed(PING)]);
  }

  end(close?: Close, batches: readonly EventBatch[] = []): void {
    if (!this.#isEnded) {
      this.#isEnded = true;
      this.#writeLast(batches, close === undefined ? "" : closeEvent(close));
      if (close === undefined) this.#response.end();
      else endLater(this.#response);
    }
    endInTime(this.#response, this.#closeTimeout);
  }

  destroy(): void {
    this.#response.destroy();
  }

  onWritten(): void {
    if (!this.#isEnded) this.#owner.onReaderDrained(this);
  }

  /** What goes through Node's response has its chunks from there. */
  get #takesChunks(): boolean {
    return this.#isChunked && this.#writer?.socket !== this.#response;
  }

  #writeLast(batches: readonly EventBatch[], text: string): void {
    if (this.#isHeadOut) {
      const last = text === "" ? [] : [this.#framed(text)];
      this.#writer?.writeAll([...batches.map((batch) => this.#bytesOf(batch)), ...last]);
      return;
    }
    for (const { events } of batches) this.#response.write(events);
    if (text !== "") this.#response.write(text);
  }

  #bytesOf({ chunk, events }: EventBatch): Buffer {
    return this.#takesChunks ? chunk : events;
  }

  #framed(text: string): Buffer {
    return this.#takesChunks ? toChunk(text) : Buffer.from(text);
  }
}

export class PollReader implements Reader {
  readonly kind = "polling";
  readonly #response: ServerResponse;
  readonly #owner: ReaderOwner;
  readonly #wait: number;
  readonly #closeTimeout: number;
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  /** @param wait Milliseconds until it ends without a frame. */
  constructor(response: ServerResponse, owner: ReaderOwner, wait: number, closeTimeout: number) {
    this.#response = response;
    this.#owner = owner;
    this.#wait = wait;
    this.#closeTimeout = closeTimeout;
    response.once("close", () => {
      clearTimeout(this.#timer);
      owner.onReaderGone(this);
    });
  }

  get isReady(): boolean {
    return !this.#isEnded;
  }

  get bufferedAmount(): number {
    return this.#response.writableLength;
  }

  begin(next: number): void {
    this.#next = next;
    this.#timer = setTimeout(() => this.#finish([]), this.#wait);
  }

  write(batches: readonly EventBatch[]): boolean {
    this.#finish(batches.map(({ events }) => events));
    return false;
  }

  writeOne(batch: EventBatch): boolean {
    return this.write([batch]);
  }

  /** The end of a poll asks for a sign of life itself: the next one. */
  ping(): void {
    this.#finish([]);
  }

  /** One that has its frames already, and is not read, is cut off. */
  end(close?: Close, batches: readonly EventBatch[] = []): void {
    const last = close === undefined ? [] : [Buffer.from(closeEvent(close))];
    this.#finish([...batches.map(({ events }) => events), ...last], close !== undefined);
    endInTime(this.#response, this.#closeTimeout);
  }

  destroy(): void {
    this.#response.destroy();
  }

  #finish(parts: readonly Buffer[], isLast = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    const response = this.#response;
    const body = Buffer.concat([Buffer.from(openEvent(this.#next)), ...parts]);
    writeHead(response, 200, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": String(body.length),
      ...(isLast && { Connection: "close" }),
    });
    if (isLast) endLater(response, body);
    else response.end(body, () => this.#owner.onReaderDrained(this));
  }
}
