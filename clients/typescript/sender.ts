/** The sending half of a socket: events, what waits for the connection, and what waits for an ack. */

import { PendingAcks, type AckCallback } from "./acks.js";
import { toError } from "./errors.js";
import { encodeFrame } from "./frames.js";
import type { SocketOptions } from "./options.js";
import { RetryQueue, type QueuedEvent } from "./retry-queue.js";

/** Where events go to. */
export interface Outlet {
  readonly ns: string;
  /** Whether the namespace takes events now. */
  isReady(): boolean;
  /** Whether what is sent now leaves at once. */
  isDrained(): boolean;
  /** @throws ProtocolError `payload_too_large`. */
  transmit(text: string): void;
  /** An event has left. */
  sent(event: string, args: readonly unknown[]): void;
  /** An event that had waited was refused. */
  refused(error: Error): void;
  /** Starts a timer; returns what stops it. */
  after(ms: number, task: () => void): () => void;
}

/** An event that waits for the connection. */
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

/** Order is kept: what was emitted first leaves first, volatile events apart. */
export class Sender {
  /** Public, as in socket.io-client: applications empty it. */
  buffer: BufferedEvent[] = [];

  private nextId = 0;
  private readonly acks: PendingAcks;
  private readonly ackTimeout: number | undefined;
  private readonly queue: RetryQueue | undefined;

  constructor(
    private readonly outlet: Outlet,
    { ackTimeout, retries }: Partial<SocketOptions>,
  ) {
    this.ackTimeout = ackTimeout;
    this.acks = new PendingAcks((ms, task) => outlet.after(ms, task));
    if (!retries) return;
    this.queue = new RetryQueue(
      retries,
      () => outlet.isReady(),
      (queued, callback) => {
        const flags = queued.timeout === undefined ? {} : { timeout: queued.timeout };
        this.send(queued.event, queued.args, flags, { callback, errorFirst: true });
      },
    );
  }

  /**
   * Sends an event: now, or when the namespace is connected. Volatile ones now, or never.
   * @throws TypeError, RangeError for values that a frame cannot carry; ProtocolError `payload_too_large`.
   */
  emit(event: string, args: readonly unknown[], flags: Flags, ack: AckRequest | undefined): void {
    if (!this.queue || flags.volatile) {
      this.send(event, args, flags, ack);
      return;
    }
    // For its errors: what can never be sent must not enter the queue.
    encodeFrame({ type: "event", ns: this.outlet.ns, event, args });
    const queued: QueuedEvent = { event, args, timeout: flags.timeout };
    this.queue.push(queued, ack?.callback);
    this.queue.drain();
  }

  /** The namespace is connected: what has waited leaves. */
  flush(): void {
    while (this.outlet.isReady()) {
      const next = this.buffer.shift();
      if (!next) break;
      try {
        this.outlet.transmit(next.text);
      } catch (thrown) {
        const error = toError(thrown);
        if (next.id !== undefined) this.acks.fail(next.id, error);
        this.outlet.refused(error);
        continue;
      }
      this.outlet.sent(next.event, next.args);
    }
    this.queue?.drain();
  }

  /** An ack came. */
  answered(id: number, args: readonly unknown[]): void {
    this.acks.answer(id, args);
  }

  /** The server refused the event that had this ack id. */
  refused(id: number, error: Error): void {
    this.acks.fail(id, error);
  }

  /** The connection is gone, and with it the acks of all that has left; what has not left still may. */
  disconnected(): void {
    const waiting = new Set(this.buffer.map(({ id }) => id));
    this.acks.failAll(new Error("socket has been disconnected"), (id) => waiting.has(id));
  }

  private send(event: string, args: readonly unknown[], flags: Flags, ack: AckRequest | undefined): void {
    const id = ack ? this.nextId++ : undefined;
    const { ns } = this.outlet;
    const text = encodeFrame({ type: "event", ns, event, args, ...(id === undefined ? {} : { id }) });
    const isReady = this.outlet.isReady();
    const isDropped = flags.volatile === true && !(isReady && this.outlet.isDrained());
    if (isReady && !isDropped) {
      this.outlet.transmit(text);
      this.outlet.sent(event, args);
    } else if (!isDropped) {
      this.buffer.push({ event, args, id, text });
    }
    if (ack && id !== undefined) this.expect(id, ack, flags.timeout ?? this.ackTimeout);
  }

  private expect(id: number, { callback, errorFirst }: AckRequest, ms: number | undefined): void {
    if (ms === undefined) return this.acks.add(id, callback, errorFirst);
    const expired = (): void => {
      this.buffer = this.buffer.filter((waiting) => waiting.id !== id);
    };
    this.acks.add(id, callback, true, { ms, expired });
  }
}
