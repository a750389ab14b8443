/** The sending half of a socket: events, what waits to leave, and what waits for an ack. */

import { PendingAcks, type AckCallback } from "./acks.js";
import { ProtocolError } from "./errors.js";
import { toError } from "./shared/user-code.js";
import { encodeFrame } from "./frames.js";
import type { SocketOptions } from "./options.js";
import { RetryQueue, type QueuedEvent } from "./retry-queue.js";

/** Where events go to. */
export interface Outlet {
  readonly ns: string;
  /** Whether the connection takes frames. */
  isOpen(): boolean;
  /** Whether the namespace, too, takes events now. */
  isReady(): boolean;
  /** Whether what is sent now leaves at once. */
  isDrained(): boolean;
  /** Whether one more message keeps to the server's rate; then it must be sent. If not, `flush` is called when it is time. */
  mayLeave(): boolean;
  /** @throws ProtocolError `payload_too_large`. */
  check(text: string): void;
  /** Sends what was checked. */
  transmit(text: string): void;
  /** An event has left. */
  sent(event: string, args: readonly unknown[]): void;
  /** An event that had waited was refused. */
  refused(error: Error): void;
  /** Starts a timer; returns what stops it. */
  after(ms: number, task: () => void): () => void;
}

/** An event that waits: for the connection, or for its turn at the server's rate. */
export interface BufferedEvent {
  readonly event: string;
  readonly args: readonly unknown[];
  readonly id: number | undefined;
  /** The frame, as it was when the event was emitted. */
  readonly text: string;
}

/** What was said of the next event. */
export interface Flags {
  volatile?: boolean;
  /** Kept for the API's sake; of no effect. */
  compress?: boolean;
  /** Milliseconds to wait for the ack. */
  timeout?: number;
}

/** Who waits for an ack. */
export interface AckRequest {
  readonly callback: AckCallback;
  /** Whether an error is wanted where there is no answer. */
  readonly errorFirst: boolean;
}

/** What still leaves after the namespace was left, and what is done then. */
interface Farewell {
  readonly answers: string[];
  readonly events: BufferedEvent[];
  readonly done: () => void;
}

/** Order is kept: what was emitted first leaves first, volatile events apart. Acks of the server's events go before. */
export class Sender {
  readonly #outlet: Outlet;
  /** Public, as in socket.io-client: applications empty it. */
  buffer: BufferedEvent[] = [];

  #answers: string[] = [];
  #farewell: Farewell | undefined;
  #nextId = 0;
  readonly #acks: PendingAcks;
  readonly #ackTimeout: number | undefined;
  readonly #queue: RetryQueue | undefined;

  constructor(outlet: Outlet, { ackTimeout, retries }: Partial<SocketOptions>) {
    this.#outlet = outlet;
    this.#ackTimeout = ackTimeout;
    this.#acks = new PendingAcks((ms, task) => outlet.after(ms, task));
    if (!retries) return;
    this.#queue = new RetryQueue(
      retries,
      () => outlet.isReady(),
      (queued, callback) => {
        const flags = queued.timeout === undefined ? {} : { timeout: queued.timeout };
        this.#send(queued.event, queued.args, flags, { callback, errorFirst: true });
      },
    );
  }

  /** How many events have not left, or have no answer yet. */
  get unsettled(): number {
    const silent = this.buffer.filter(({ id }) => id === undefined).length;
    const queued = this.#queue?.waiting ?? 0;
    return silent + this.#acks.size + queued + (this.#farewell?.events.length ?? 0);
  }

  /**
   * Sends an event: now, or when the namespace is connected and it is its turn. Volatile ones now, or never.
   * @throws UnsendableError for values that a frame cannot carry; ProtocolError `payload_too_large`.
   */
  emit(event: string, args: readonly unknown[], flags: Flags, ack: AckRequest | undefined): void {
    if (!this.#queue || flags.volatile) {
      this.#send(event, args, flags, ack);
      return;
    }
    // For its errors: what can never be sent must not enter the queue.
    encodeFrame({ type: "event", ns: this.#outlet.ns, event, args });
    const queued: QueuedEvent = { event, args, timeout: flags.timeout };
    this.#queue.push(queued, ack?.callback);
    this.#queue.drain();
  }

  /** Answers an event of the server's. @throws as `emit`. */
  answer(id: number, args: readonly unknown[]): void {
    const text = encodeFrame({ type: "ack", ns: this.#outlet.ns, id, args });
    this.#outlet.check(text);
    this.#answers.push(text);
    this.#flushAnswers(this.#answers, () => this.#outlet.isReady());
  }

  /** The namespace is connected, or it is time for more: what has waited leaves. */
  flush(): void {
    if (this.#farewell !== undefined) return this.#flushFarewell(this.#farewell);
    const isReady = (): boolean => this.#outlet.isReady();
    this.#flushAnswers(this.#answers, isReady);
    // Looked at each time anew: a listener may put another buffer in its place.
    while (this.buffer.length > 0 && isReady() && this.#outlet.mayLeave()) this.#sendFirst(this.buffer);
    this.#queue?.drain();
  }

  /** The namespace is left: what has been emitted still leaves, at the server's pace, and then `done` is called. */
  leave(done: () => void): void {
    this.#farewell = { answers: this.#answers, events: this.buffer, done };
    this.#answers = [];
    this.buffer = [];
    this.#flushFarewell(this.#farewell);
  }

  /** An ack came. */
  answered(id: number, args: readonly unknown[]): void {
    this.#acks.answer(id, args);
  }

  /** The server refused the event that had this ack id. */
  refused(id: number, error: Error): void {
    this.#acks.fail(id, error);
  }

  /** The session is over, and with it the acks of all that has left; what has not left still may. */
  disconnected(): void {
    this.#answers = [];
    const waiting = new Set(this.buffer.map(({ id }) => id));
    this.#acks.failAll(new Error("socket has been disconnected"), (id) => waiting.has(id));
  }

  /** The connection is gone before all had left that was to leave after the namespace was left. */
  cutOff(): void {
    const count = this.#farewell?.events.length ?? 0;
    this.#farewell = undefined;
    if (count > 0) this.#outlet.refused(new ProtocolError("closed", notSent(count)));
  }

  /** Nothing that waits will leave: each fails with `closed`. */
  abandon(): void {
    const error = new ProtocolError(
      "closed",
      "the socket was closed before this could be sent, or was answered",
    );
    this.buffer = [];
    this.#answers = [];
    this.cutOff();
    this.#queue?.clear(error);
    this.#acks.failAll(error, () => false);
  }

  #flushAnswers(answers: string[], isReady: () => boolean): void {
    while (answers.length > 0 && isReady() && this.#outlet.mayLeave())
      this.#outlet.transmit(answers.shift() ?? "");
  }

  #flushFarewell({ answers, events, done }: Farewell): void {
    const isOpen = (): boolean => this.#outlet.isOpen();
    this.#flushAnswers(answers, isOpen);
    while (events.length > 0 && isOpen() && this.#outlet.mayLeave()) this.#sendFirst(events);
    if (answers.length > 0 || events.length > 0) return;
    this.#farewell = undefined;
    done();
  }

  #sendFirst(events: BufferedEvent[]): void {
    const first = events.shift();
    if (first === undefined) return;
    try {
      this.#outlet.check(first.text);
    } catch (thrown) {
      const error = toError(thrown);
      if (first.id !== undefined) this.#acks.fail(first.id, error);
      return this.#outlet.refused(error);
    }
    this.#outlet.transmit(first.text);
    this.#outlet.sent(first.event, first.args);
  }

  #send(event: string, args: readonly unknown[], flags: Flags, ack: AckRequest | undefined): void {
    const id = ack ? this.#nextId++ : undefined;
    const { ns } = this.#outlet;
    const text = encodeFrame({ type: "event", ns, event, args, ...(id === undefined ? {} : { id }) });
    const isReady = this.#outlet.isReady();
    if (isReady) this.#outlet.check(text);
    const isFirst = isReady && this.buffer.length === 0 && this.#farewell === undefined;
    const isVolatile = flags.volatile === true;
    if (isFirst && (!isVolatile || this.#outlet.isDrained()) && this.#outlet.mayLeave()) {
      this.#outlet.transmit(text);
      this.#outlet.sent(event, args);
    } else if (!isVolatile) {
      this.buffer.push({ event, args, id, text });
    }
    if (ack && id !== undefined) this.#expect(id, ack, flags.timeout ?? this.#ackTimeout);
  }

  #expect(id: number, { callback, errorFirst }: AckRequest, ms: number | undefined): void {
    if (ms === undefined) return this.#acks.add(id, callback, errorFirst);
    const expired = (): void => {
      this.buffer = this.buffer.filter((waiting) => waiting.id !== id);
    };
    this.#acks.add(id, callback, true, { ms, expired });
  }
}

function notSent(count: number): string {
  return `the connection was lost before the last ${count} events could be sent`;
}
