/**
 * The protocol of one connection (PROTOCOL.md, sections 2 to 7): what its client may say when, and what it is told.
 * Between a connection, which has the WebSocket, and Socket.IO, which sees packets only. No I/O of its own.
 */
import { CLOSE_CODES, type CloseCode } from "./close-codes.js";
import { encodeFrame, type Codec, type Outgoing, type PacketFrame } from "./codec.js";
import type { DecodedPacket } from "./decoded-entry.js";
import { ERROR_CODES, parseClientFrame, type ErrorCode } from "./frames.js";
import { TokenBucket, type Rate } from "./limits.js";
import { Namespaces } from "./namespaces.js";
import { withoutPrototype } from "./own-properties.js";

/** What all sessions of a bridge share. */
export interface ProtocolContext {
  readonly codec: Codec;
  /** Whole milliseconds on a clock that only goes forward. */
  now(): number;
  readonly limits: {
    readonly pingInterval: number;
    readonly pingTimeout: number;
    readonly maxPayload: number;
    readonly messages: Rate;
    readonly malformed: Rate;
    readonly maxNamespaces: number;
    readonly maxPendingAcks: number;
  };
}

/** What a session asks of its connection. */
export interface ProtocolLink {
  /** Sends a frame of the session's own. */
  transmitFrame(text: string): void;
  /** Sends a packet of Socket.IO's. */
  transmit(outgoing: Outgoing, compress: boolean): void;
  /** Called when the client has come into a namespace, as the socket with the id `sid`, before it is told. */
  onNamespace(ns: string, sid: string): void;
  /** Hands a packet to Socket.IO that is parsed already; false if it must go in chunks. */
  deliverDecoded(packet: DecodedPacket): boolean;
  /** Hands a chunk of a packet to Socket.IO; false once the connection has ended. */
  deliver(chunk: unknown): boolean;
  /** Ends the connection for what the client did. */
  violate(close: CloseCode): void;
  /** Ends it over a limit, as soon as Socket.IO has finished what it is doing. */
  abort(close: CloseCode): void;
}

/** An early frame of the client's, as it came. */
interface EarlyFrame {
  frame: Exclude<PacketFrame, { type: "connect" }>;
  text: string;
}

export class FrameProtocol {
  readonly #link: ProtocolLink;
  readonly #context: ProtocolContext;
  /** Whether some namespace was ever connected. */
  wasConnected = false;
  readonly #namespaces: Namespaces<EarlyFrame, Outgoing>;
  #malformed: TokenBucket | undefined;
  /** Namespaces that the client has left, of which Socket.IO has not heard yet. */
  #departing = 0;
  /** Called when all is handled that came from the client, once that was asked for. */
  #handled: (() => void) | undefined;
  /** The server's ack requests that are not answered; made at the first. */
  #pendingAcks: Set<string> | undefined;

  constructor(link: ProtocolLink, context: ProtocolContext) {
    this.#link = link;
    this.#context = context;
    this.#namespaces = new Namespaces(context.limits.maxNamespaces, context.limits.maxPayload);
  }

  /** Whether no namespace waits for its answer: then an event that wants no ack needs no `send`. */
  get settled(): boolean {
    return this.#namespaces.settled;
  }

  /** Whether there were namespaces, and the server has ended them all. */
  get allEnded(): boolean {
    return this.#namespaces.allEnded;
  }

  /**
   * Calls back when Socket.IO has handed all that came from the client to the application, what waits for a namespace too:
   * Socket.IO drops the events that it has not dispatched when a socket ends (socket.io 4.8, Socket.dispatch).
   */
  whenHandled(callback: () => void): void {
    this.#handled = callback;
    this.#lookWhetherHandled();
  }

  #lookWhetherHandled(): void {
    // An immediate comes after all ticks that Socket.IO, and middlewares that wait for nothing but promises, take.
    if (this.#handled !== undefined && !this.#namespaces.holdsEarly) setImmediate(this.#handled);
  }

  // From the client.

  /** Takes one message of the client's. */
  receive(data: Buffer, binary: boolean): void {
    if (binary) {
      this.#refuse("binary_message", 'frames are text messages; binary values go as {"$binary":"<base64>"}');
      return;
    }
    const text = data.toString();
    const frame = parseClientFrame(text);
    switch (frame.type) {
      case "malformed":
        this.#refuse(frame.code, frame.message, undefined, frame.id);
        return;
      case "ping":
        this.#link.transmitFrame(encodeFrame({ ...frame, type: "pong" }));
        return;
      case "connect":
        this.#connect(frame, text);
        return;
      default:
        this.#pass({ frame, text }, data.length);
    }
  }

  #connect(frame: PacketFrame & { type: "connect" }, text: string): void {
    const { ns } = frame;
    const verdict = this.#namespaces.connect(ns, pidOf(frame));
    if (verdict === "already_connected") {
      this.#refuse(verdict, `this client is connected to ${ns} already, or is being connected`, ns);
      return;
    }
    if (verdict === "too_many_namespaces") {
      const { maxNamespaces } = this.#context.limits;
      const message = `a connection may have ${maxNamespaces} namespaces`;
      const data = { code: verdict, limit: maxNamespaces };
      this.#link.transmitFrame(encodeFrame({ type: "connect_error", ...nsField(ns), message, data }));
      return;
    }
    // Socket.IO handles packets one tick after it reads them, but a CONNECT at once: one that comes right behind the
    // DISCONNECT of the same namespace would find it connected still.
    const forward = (): void => this.#forward(frame, text);
    if (this.#departing > 0) setImmediate(forward);
    else process.nextTick(forward);
  }

  #pass(early: EarlyFrame, bytes: number): void {
    const { frame } = early;
    const verdict = this.#namespaces.offer(frame.ns, early, bytes);
    switch (verdict) {
      case "pass":
        if (frame.type === "disconnect") {
          this.#leave(frame.ns);
          this.#depart(early);
          return;
        }
        if (frame.type === "ack") this.#pendingAcks?.delete(ackKey(frame.ns, frame.id));
        this.#forward(frame, early.text);
        return;
      case "early":
        return;
      case "namespace_closed":
        this.#refuseLate(early);
        return;
      case "not_connected":
        this.#refuseFrame(frame, verdict, `this client is not connected to ${frame.ns}: send connect first`);
        return;
      case "too_many_early_frames":
        this.#refuseFrame(frame, verdict, `wait for "connected" of ${frame.ns} before sending more`);
    }
  }

  /** A frame for a namespace that the server has ended or refused: under way meanwhile, so no fault of the client's. */
  #refuseLate({ frame }: EarlyFrame): void {
    if (frame.type !== "event") return;
    this.#refuseFrame(frame, "namespace_closed", `the server has ended or refused ${frame.ns}`);
  }

  #leave(ns: string): void {
    this.#namespaces.leave(ns);
    this.#forgetAcks(ns);
  }

  /** Has Socket.IO hear of a `disconnect` when the application has been told of the events before it (see `whenHandled`). */
  #depart({ frame, text }: EarlyFrame): void {
    this.#departing++;
    setImmediate(() => {
      this.#departing--;
      this.#forward(frame, text);
    });
  }

  /** Hands a frame to Socket.IO. */
  #forward(frame: PacketFrame, text: string): void {
    const { codec } = this.#context;
    const packet = codec.toDecoded(frame, text);
    if (packet !== undefined && this.#link.deliverDecoded(packet)) return;
    const chunks = codec.toSocketIO(frame, text);
    if (Array.isArray(chunks)) chunks.every((chunk) => this.#link.deliver(chunk));
    else this.#refuseFrame(frame, chunks.code, chunks.message);
  }

  #refuseFrame(frame: PacketFrame, code: ErrorCode, message: string): void {
    this.#refuse(code, message, frame.ns, "id" in frame ? frame.id : undefined);
  }

  /** Answers a frame with an error; closes where the error, or the number of them, calls for it. */
  #refuse(code: ErrorCode, message: string, ns?: string, id?: number): void {
    const { malformed, fatal } = ERROR_CODES[code];
    const idField = id === undefined ? {} : { id };
    this.#link.transmitFrame(encodeFrame({ type: "error", code, message, ...nsField(ns), ...idField }));
    if (fatal) {
      this.#link.violate(CLOSE_CODES.protocolViolation);
    } else if (malformed) {
      const context = this.#context;
      this.#malformed ??= new TokenBucket(context.limits.malformed, context.now());
      if (!this.#malformed.take(context.now())) this.#link.violate(CLOSE_CODES.malformed);
    }
  }

  // To the client.

  /** Sends a packet of Socket.IO's, unless it must wait; keeps account of what it changes. */
  send(outgoing: Outgoing, compress: boolean): void {
    const { ns } = outgoing;
    switch (outgoing.type) {
      case "connect":
        this.#accept(outgoing, compress);
        return;
      case "connect_error":
      case "disconnect": {
        const early = this.#namespaces.end(ns);
        this.#forgetAcks(ns);
        this.#link.transmit(outgoing, compress);
        for (const frame of early) this.#refuseLate(frame);
        this.#lookWhetherHandled();
        return;
      }
      default: {
        if (this.#namespaces.holdBack(ns, outgoing)) return;
        const wantsAck = outgoing.type === "event" && outgoing.id !== undefined;
        if (wantsAck && !this.#expectAck(ns, outgoing.id)) return;
        this.#link.transmit(outgoing, compress);
      }
    }
  }

  #accept({ ns, text }: Outgoing, compress: boolean): void {
    const { early, late, pid } = this.#namespaces.accept(ns);
    this.wasConnected = true;
    const session = withoutPrototype(JSON.parse(text) as { sid: string; pid?: string });
    this.#link.onNamespace(ns, session.sid);
    const { pingInterval, pingTimeout, maxPayload, messages: rate } = this.#context.limits;
    this.#link.transmitFrame(
      encodeFrame({
        type: "connected",
        ...nsField(ns),
        sid: session.sid,
        ...(session.pid === undefined ? {} : { pid: session.pid, recovered: session.pid === pid }),
        pingInterval,
        pingTimeout,
        maxPayload,
        rate,
      }),
    );
    for (const outgoing of late) this.send(outgoing, compress);
    // Socket.IO writes CONNECT before it tells the application: one tick later the handlers are there.
    process.nextTick(() => {
      for (const frame of early) this.#pass(frame, 0);
      this.#lookWhetherHandled();
    });
  }

  /** Remembers that the server wants an ack; false if the client owes too many. */
  #expectAck(ns: string, id: number): boolean {
    this.#pendingAcks ??= new Set();
    this.#pendingAcks.add(ackKey(ns, id));
    if (this.#pendingAcks.size <= this.#context.limits.maxPendingAcks) return true;
    this.#link.abort(CLOSE_CODES.tooManyPendingAcks);
    return false;
  }

  /** Socket.IO wants no ack from a namespace that is gone. */
  #forgetAcks(ns: string): void {
    for (const key of this.#pendingAcks ?? []) {
      if (key.slice(key.indexOf("/")) === ns) this.#pendingAcks?.delete(key);
    }
  }
}

function nsField(ns: string | undefined): { ns?: string } {
  return ns === undefined || ns === "/" ? {} : { ns };
}

/** An id, and the namespace that it belongs to: the first slash is between them. */
function ackKey(ns: string, id: number): string {
  return `${id}${ns}`;
}

/** The session to recover, wherever a client has put it: Socket.IO reads it from the auth data. */
function pidOf({ pid, auth }: PacketFrame & { type: "connect" }): string | undefined {
  if (pid !== undefined || !Object.hasOwn(auth, "pid")) return pid;
  return typeof auth["pid"] === "string" ? auth["pid"] : undefined;
}
