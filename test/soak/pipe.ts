/** One direction of a proxied connection: reads from one socket, and writes to the other when it may. */
import type { Socket } from "node:net";

/** How much later than it came a chunk goes on, in milliseconds; asked for each. */
export type Delay = () => number;

interface Held {
  /** Undefined: the end of the stream. */
  bytes: Buffer | undefined;
  /** When it goes on, on the clock of `performance.now()`. */
  due: number;
}

/**
 * Bytes keep their order whatever happens. While it is stalled nothing is read, so that this side neither takes bytes
 * nor notices that the sender has gone: to both ends the network has fallen silent.
 */
export class Pipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  /** What has gone through, in bytes. */
  readonly #passed: (bytes: number) => void;
  readonly #held: Held[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stalled = false;
  #sinkIsFull = false;
  #delay: Delay | undefined;

  constructor(source: Socket, sink: Socket, passed: (bytes: number) => void) {
    this.#source = source;
    this.#sink = sink;
    this.#passed = passed;
    source.on("data", (bytes: Buffer) => this.#hold(bytes));
    source.on("end", () => this.#hold(undefined));
    sink.on("drain", () => {
      this.#sinkIsFull = false;
      this.#flow();
    });
  }

  stall(): void {
    this.#stalled = true;
    this.#source.pause();
  }

  /** Ends a stall: what waited goes on. */
  resume(): void {
    this.#stalled = false;
    this.#flow();
  }

  /** Delays what comes from now on; undefined: no more. */
  setDelay(delay: Delay | undefined): void {
    this.#delay = delay;
  }

  /** Forgets what is held. To be called when the connection is over. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #hold(bytes: Buffer | undefined): void {
    const due = performance.now() + (this.#delay?.() ?? 0);
    // Never before what came earlier, though its own delay be shorter.
    this.#held.push({ bytes, due: Math.max(due, this.#held.at(-1)?.due ?? 0) });
    this.#flow();
  }

  #flow(): void {
    clearTimeout(this.#timer);
    while (!this.#stalled && !this.#sinkIsFull) {
      const next = this.#held[0];
      if (next === undefined) break;
      const early = next.due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#flow(), early);
        break;
      }
      this.#held.shift();
      this.#write(next.bytes);
    }
    if (this.#stalled || this.#sinkIsFull) this.#source.pause();
    else this.#source.resume();
  }

  #write(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.#sink.end();
      return;
    }
    this.#passed(bytes.length);
    this.#sinkIsFull = !this.#sink.write(bytes);
  }
}
