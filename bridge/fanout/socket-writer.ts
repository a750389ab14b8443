/** Writes to one socket, past its stream where that goes, and knows what the kernel has not taken yet. */
import type { Writable } from "node:stream";
import { handleOf, writeDirectly, type Completion, type Handle } from "./direct-write.js";

/** Up to so many bytes are one write past the stream; more are handed over chunk by chunk (writev). */
export const JOIN_LIMIT = 64 * 1024;

export interface WriterOwner {
  /** The kernel has taken all that was written. */
  onWritten(): void;
}

export class SocketWriter implements Completion {
  readonly socket: Writable;
  readonly #owner: WriterOwner;
  readonly #handle: Handle | undefined;
  /** Bytes of the write that is under way, where the stream does not count them. */
  #direct = 0;
  /** Writes that the kernel has not taken. */
  #underWay = 0;

  constructor(socket: Writable, owner: WriterOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.#handle = handleOf(socket);
  }

  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  /** Bytes that are not yet with the kernel. */
  get bufferedAmount(): number {
    return this.socket.writableLength + this.#direct;
  }

  /** Writes one buffer of up to `JOIN_LIMIT`, with nothing under way. True when the kernel has it; otherwise that is told. */
  writeOne(bytes: Buffer): boolean {
    const { socket } = this;
    // What waits in the stream goes first.
    if (this.#handle === undefined || socket.writableLength > 0) {
      this.writeAll([bytes]);
      return false;
    }
    const result = writeDirectly(this.#handle, socket, bytes, this);
    if (result === "unavailable") {
      this.writeAll([bytes]);
    } else if (result === "pending") {
      this.#underWay++;
      this.#direct = bytes.length;
    }
    return result === "written";
  }

  /** Writes through the stream. */
  writeAll(chunks: readonly Buffer[]): void {
    const { socket } = this;
    const last = chunks.at(-1);
    if (last === undefined) return;
    this.#underWay++;
    socket.cork();
    for (let i = 0; i < chunks.length - 1; i++) socket.write(chunks[i]);
    socket.write(last, (error) => this.onWritten(error));
    socket.uncork();
  }

  /** Waits for a write that somebody else makes, and tells here. */
  expect(): void {
    this.#underWay++;
  }

  onWritten(error?: Error | null): void {
    // After an error the socket closes, and its owner hears of that from the socket itself.
    if (error) return;
    // Not asked of the socket: pings, pongs and the close frame of `ws` may wait there, and nobody tells when they have gone.
    if (--this.#underWay > 0) return;
    this.#direct = 0;
    this.#owner.onWritten();
  }
}
