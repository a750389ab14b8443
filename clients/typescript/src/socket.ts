/** A namespace of a server: socket.io-client's socket, over frames of the bridge. */

import type { AckCallback } from "./acks.js";
import type { Connection } from "./connection.js";
import { wireName } from "./emitter.js";
import { toError } from "./shared/user-code.js";
import type {
  AllButLast,
  Answer,
  DecorateAcknowledgements,
  DefaultEventsMap,
  EventNames,
  EventParams,
  Last,
} from "./event-types.js";
import { RESERVED_EVENTS } from "./frames.js";
import { Namespace } from "./namespace.js";
import type { SocketOptions } from "./options.js";
import type { AckRequest, BufferedEvent, Flags } from "./sender.js";

/** The manager, as a socket has it in `io`. */
export interface SocketManager extends Connection {
  readonly autoConnect: boolean;
  socket(nsp: string, options?: Partial<SocketOptions>): Socket;
}

/** One namespace. Its methods do what socket.io-client's of the same names do; docs/typescript-client.md says where not. */
export class Socket<
  ListenEvents extends object = DefaultEventsMap,
  EmitEvents extends object = ListenEvents,
> extends Namespace<ListenEvents> {
  /** Keeps to the server's rate by itself, and backs off from a server that closes at once. */
  readonly isPaced = true;

  #flags: Flags = {};

  constructor(
    readonly io: SocketManager,
    nsp: string,
    options: Partial<SocketOptions> = {},
  ) {
    super(io, nsp, options);
    if (io.autoConnect) this.connect();
  }

  /** What was emitted while there was no connection, to be sent when there is one. */
  get sendBuffer(): BufferedEvent[] {
    return this.sender.buffer;
  }

  set sendBuffer(events: BufferedEvent[]) {
    this.sender.buffer = events;
  }

  /** The next event is dropped if it cannot leave at once. */
  get volatile(): this {
    this.#flags.volatile = true;
    return this;
  }

  /** The next event's ack gets an error first: one if no answer came within so many milliseconds, or else null. */
  timeout(milliseconds: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>> {
    this.#flags.timeout = milliseconds;
    // The same socket; only the type of its next ack is another one.
    return this as unknown as Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>>;
  }

  /** Of no effect: a WebSocket's compression is not chosen message by message. */
  compress(compress: boolean): this {
    this.#flags.compress = compress;
    return this;
  }

  /**
   * Sends an event; a function as its last argument is called with the ack.
   * @throws Error for a reserved name; UnsendableError for values that JSON or the protocol cannot carry; ProtocolError
   * `payload_too_large` for more than the server takes.
   */
  emit<Event extends EventNames<EmitEvents>>(event: Event, ...args: EventParams<EmitEvents, Event>): this {
    const values: unknown[] = [...args];
    const last = values.at(-1);
    if (typeof last !== "function") return this.#transmit(event, values);
    return this.#transmit(event, values.slice(0, -1), { callback: last as AckCallback, errorFirst: false });
  }

  /** Sends an event; resolves to the ack's first value, or rejects where `emit` would throw or no ack can come. */
  emitWithAck<Event extends EventNames<EmitEvents>>(
    event: Event,
    ...args: AllButLast<EventParams<EmitEvents, Event>>
  ): Promise<Answer<Last<EventParams<EmitEvents, Event>>>> {
    return new Promise((resolve, reject) => {
      const callback: AckCallback = (error, answer) => {
        if (error) reject(toError(error));
        // What the server answers is as the map of events says, or the map is wrong.
        else resolve(answer as Answer<Last<EventParams<EmitEvents, Event>>>);
      };
      this.#transmit(event, args, { callback, errorFirst: true });
    });
  }

  /** Sends a `message` event. */
  send(...args: unknown[]): this {
    const last = args.at(-1);
    if (typeof last !== "function") return this.#transmit("message", args);
    return this.#transmit("message", args.slice(0, -1), { callback: last as AckCallback, errorFirst: false });
  }

  #transmit(name: string, args: readonly unknown[], ack?: AckRequest): this {
    const flags = this.#flags;
    this.#flags = {};
    const event = wireName(name);
    if (RESERVED_EVENTS.has(event)) throw new Error(`"${event}" is a reserved event name`);
    this.sender.emit(event, args, flags, ack);
    return this;
  }
}
