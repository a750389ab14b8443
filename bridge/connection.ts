/**
 * One plain WebSocket, as Socket.IO sees it: an Engine.IO socket. What Socket.IO asks of one is listed in
 * docs/bridge.md; the events and properties that applications may use are those of Engine.IO's own.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { CLOSE_CODES, type CloseCode } from "./close-codes.js";
import { encodeFrame, type Codec, type Outgoing, type PacketFrame, type WriteOptions } from "./codec.js";
import { ERROR_CODES, parseClientFrame, type ErrorCode } from "./frames.js";
import { TokenBucket, type Rate } from "./limits.js";
import { Namespaces } from "./namespaces.js";
import { textFrame, WriteQueue, type Outbox, type QueueGroup, type QueueOwner } from "./outbox.js";

/** What all connections of a bridge share. */
export interface ConnectionContext {
  readonly codec: Codec;
  readonly outbox: Outbox;
  /** Whole milliseconds on a clock that only goes forward. */
  now(): number;
  /** Milliseconds that a client has to connect to a namespace; Socket.IO keeps that time. */
  readonly connectTimeout: number;
  /** Called once for each connection, before its "close" is emitted. */
  onEnd(connection: Connection): void;
  /** Called once for each connection, when its socket is gone too. */
  onGone(connection: Connection): void;
  readonly limits: {
    readonly pingInterval: number;
    readonly pingTimeout: number;
    readonly maxPayload: number;
    readonly messages: Rate;
    readonly malformed: Rate;
    readonly maxBufferedBytes: number;
    readonly maxNamespaces: number;
    readonly maxPendingAcks: number;
  };
}

/** Why the bridge itself ended a connection: the `description` of the server's `disconnect` event. */
export class BridgeCloseError extends Error {
  override readonly name = "BridgeCloseError";
  /** The close code that the client was sent. */
  readonly code: number;

  constructor(close: CloseCode) {
    super(close.description);
    this.code = close.code;
  }
}

/** Milliseconds that a client has to answer a close when the server shuts down. */
const SHUTDOWN_GRACE = 1_000;

/** An early frame of the client's, as it came. */
interface EarlyFrame {
  frame: Exclude<PacketFrame, { type: "connect" }>;
  text: string;
}

type Listener = Parameters<EventEmitter["on"]>[1];

/** The events that are emitted at every write, but only to those who listen. */
const WRITE_EVENTS: ReadonlySet<string | symbol> = new Set(["packetCreate", "drain"]);

/** Engine.IO's reasons for the end of a connection. */
type CloseReason = "transport close" | "transport error" | "ping timeout" | "forced close";

export class Connection extends EventEmitter implements QueueOwner {
  /** The Engine.IO protocol whose socket this stands for: with 4, Socket.IO waits for the client's `connect`. */
  readonly protocol = 4;
  readonly transport = { name: "bridge", writable: true };
  readyState: "open" | "closing" | "closed" = "open";
  /** Engine.IO's upgrade requests may name any client: one that is upgraded already is left alone. */
  readonly upgraded = true;
  /** For the codec. */
  partial: unknown = undefined;

  private readonly queue: WriteQueue;
  private readonly namespaces: Namespaces<EarlyFrame, Outgoing>;
  private readonly messages: TokenBucket;
  private malformed: TokenBucket | undefined;
  /** The server's ack requests that are not answered; made at the first. */
  private pendingAcks: Set<string> | undefined;
  /** Callbacks of writes that have not reached the kernel. */
  private sent: (() => void)[] | undefined;
  /** Whether somebody has listened for WRITE_EVENTS. */
  private observed = false;
  private wasConnected = false;
  /** Whether the client has agreed to compression; ws makes the list of extensions anew at each look. */
  private readonly compresses: boolean;
  private readonly openedAt: number;
  private heardAt: number;
  /** When the last ping went out, or the connection opened. */
  private pingedAt: number;

  constructor(
    readonly id: string,
    /** The upgrade request. An application may replace or drop it, as it may with Engine.IO's. */
    public request: IncomingMessage,
    readonly remoteAddress: string,
    private readonly ws: WebSocket,
    socket: Duplex,
    readonly context: ConnectionContext,
  ) {
    super();
    const { limits } = context;
    this.compresses = ws.extensions !== "";
    this.openedAt = this.heardAt = this.pingedAt = context.now();
    this.queue = new WriteQueue(context.outbox, socket, this, limits.maxBufferedBytes);
    this.namespaces = new Namespaces(limits.maxNamespaces, limits.maxPayload);
    this.messages = new TokenBucket(limits.messages, this.openedAt);
  }

  // Listeners for what happens at every write are rare, and looking for them there costs more than looking here.

  override on(event: string | symbol, listener: Listener): this {
    this.watch(event);
    return super.on(event, listener);
  }

  override addListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener);
  }

  override prependListener(event: string | symbol, listener: Listener): this {
    this.watch(event);
    return super.prependListener(event, listener);
  }

  private watch(event: string | symbol): void {
    if (!WRITE_EVENTS.has(event)) return;
    this.observed = true;
    this.queue.leave();
  }

  // What Socket.IO calls.

  /** Sends one chunk of a packet of Socket.IO's. */
  write(chunk: unknown, options: WriteOptions = {}, callback?: () => void): this {
    if (this.readyState !== "open") return this;
    // As in Engine.IO: compression is on unless it was turned off.
    options.compress = options.compress !== false;
    if (this.observed) this.emit("packetCreate", { type: "message", options, data: chunk });
    if (callback !== undefined) (this.sent ??= []).push(callback);
    const outgoing = this.context.codec.fromSocketIO(chunk, options, this);
    this.transport.writable = false;
    if (outgoing === undefined) return this;
    if (outgoing.type === "event" && outgoing.id === undefined && this.namespaces.settled) {
      this.transmit(outgoing, options.compress);
    } else {
      this.track(outgoing, options.compress);
    }
    return this;
  }

  /**
   * Has this connection stand with others that are sent the same; false if it must be written to by itself: somebody
   * watches its writes, it compresses, or it was sent something else in this turn.
   */
  enter(group: QueueGroup): boolean {
    if (this.readyState !== "open" || this.observed || this.compresses || !this.queue.enter(group)) return false;
    this.transport.writable = false;
    return true;
  }

  /** As `write`. */
  send(chunk: unknown, options?: WriteOptions, callback?: () => void): this {
    return this.write(chunk, options, callback);
  }

  /**
   * Closes the connection. With `discard`, as Engine.IO's server calls it, because the server shuts down.
   */
  close(discard = false): this {
    if (discard) {
      this.end("forced close", CLOSE_CODES.serverShutdown);
      // `io.close()` ends when all sockets have: it does not wait long for clients that do not answer.
      setTimeout(() => this.ws.terminate(), SHUTDOWN_GRACE).unref();
    } else if (this.namespaces.allEnded) this.end("forced close", CLOSE_CODES.disconnected);
    else if (this.timedOut) this.end("forced close", CLOSE_CODES.connectTimeout);
    else this.end("forced close", CLOSE_CODES.forcedClose);
    return this;
  }

  /** Whether it is Socket.IO's connect timeout that closes. Timers may fire a little early. */
  private get timedOut(): boolean {
    return !this.wasConnected && this.context.now() - this.openedAt >= this.context.connectTimeout - 5;
  }

  // What the WebSocket tells.

  onMessage(data: Buffer, binary: boolean): void {
    if (this.readyState !== "open" || !this.count()) return;
    if (binary) {
      this.refuse("binary_message", 'frames are text messages; binary values go as {"$binary":"<base64>"}');
      return;
    }
    const text = data.toString();
    const frame = parseClientFrame(text);
    switch (frame.type) {
      case "malformed":
        this.refuse(frame.code, frame.message, undefined, frame.id);
        return;
      case "ping":
        this.transmitFrame(encodeFrame({ ...frame, type: "pong" }));
        return;
      case "connect":
        this.connect(frame, text);
        return;
      default:
        this.pass({ frame, text }, data.length);
    }
  }

  onPing(data: Buffer): void {
    if (this.readyState !== "open" || !this.count()) return;
    // One who sends pings and reads no pongs is a slow reader like any other.
    if (this.ws.bufferedAmount > this.context.limits.maxBufferedBytes) this.onOverflow();
    else this.ws.pong(data);
  }

  onPong(): void {
    if (this.readyState !== "open" || !this.count()) return;
    this.emit("packet", { type: "pong" });
    this.emit("heartbeat");
  }

  /** The connection is gone. */
  onClose(): void {
    this.end("transport close");
    this.context.onGone(this);
  }

  /** The client broke the WebSocket protocol; `ws` sends the close code. */
  onError(error: Error): void {
    this.end("transport error", undefined, error);
  }

  /** Called now and then, so that a connection needs no timer of its own. */
  tick(now: number): void {
    const { pingInterval, pingTimeout } = this.context.limits;
    const sincePing = now - this.pingedAt;
    if (this.heardAt < this.pingedAt) {
      if (sincePing >= pingTimeout) this.end("ping timeout", CLOSE_CODES.pingTimeout);
    } else if (sincePing >= pingInterval) {
      this.pingedAt = now;
      this.emit("packetCreate", { type: "ping", options: {} });
      this.ws.ping();
    }
  }

  // What the outbox tells.

  onFlush(): boolean {
    // Once a close frame is out (the client's own may have called for it), nothing may follow.
    if (this.ws.readyState !== this.ws.OPEN) return false;
    if (this.observed) this.emit("drain");
    return true;
  }

  onDrained(): void {
    this.transport.writable = true;
    const sent = this.sent;
    if (sent === undefined) return;
    this.sent = undefined;
    for (const callback of sent) callback();
  }

  onOverflow(): void {
    this.abort(CLOSE_CODES.slowReader);
  }

  // From the client.

  private connect(frame: PacketFrame & { type: "connect" }, text: string): void {
    const { ns } = frame;
    const verdict = this.namespaces.connect(ns, frame.pid);
    if (verdict === "already_connected") {
      this.refuse(verdict, `this client is connected to ${ns} already, or is being connected`, ns);
      return;
    }
    if (verdict === "too_many_namespaces") {
      const { maxNamespaces } = this.context.limits;
      const message = `a connection may have ${maxNamespaces} namespaces`;
      const data = { code: verdict, limit: maxNamespaces };
      this.transmitFrame(encodeFrame({ type: "connect_error", ...nsField(ns), message, data }));
      return;
    }
    // Socket.IO handles packets one tick after it reads them, but a CONNECT at once: one that comes right behind the
    // DISCONNECT of the same namespace would find it connected still.
    process.nextTick(() => this.forward(frame, text));
  }

  private pass(early: EarlyFrame, bytes: number): void {
    const { frame } = early;
    const verdict = this.namespaces.offer(frame.ns, early, bytes);
    switch (verdict) {
      case "pass":
        if (frame.type === "disconnect") this.namespaces.leave(frame.ns);
        if (frame.type === "ack") this.pendingAcks?.delete(ackKey(frame.ns, frame.id));
        this.forward(frame, early.text);
        return;
      case "early":
        return;
      case "namespace_closed":
        this.refuseLate(early);
        return;
      case "not_connected":
        this.refuse(
          verdict,
          `this client is not connected to ${frame.ns}: send connect first`,
          frame.ns,
          idOf(frame),
        );
        return;
      case "too_many_early_frames":
        this.refuse(
          verdict,
          `wait for "connected" of ${frame.ns} before sending more`,
          frame.ns,
          idOf(frame),
        );
    }
  }

  /** A frame for a namespace that the server has ended or refused: under way meanwhile, so no fault of the client's. */
  private refuseLate({ frame }: EarlyFrame): void {
    if (frame.type !== "event") return;
    this.refuse("namespace_closed", `the server has ended or refused ${frame.ns}`, frame.ns, frame.id);
  }

  /** Hands a frame to Socket.IO. */
  private forward(frame: PacketFrame, text: string): void {
    const chunks = this.context.codec.toSocketIO(frame, text);
    if (!Array.isArray(chunks)) {
      this.refuse(chunks.code, chunks.message, frame.ns, idOf(frame));
      return;
    }
    for (const chunk of chunks) {
      if (this.readyState !== "open") return;
      this.emit("packet", { type: "message", data: chunk });
      this.emit("data", chunk);
      this.emit("message", chunk);
    }
  }

  /** Answers a frame with an error; closes where the error, or the number of them, calls for it. */
  private refuse(code: ErrorCode, message: string, ns?: string, id?: number): void {
    const { malformed, fatal } = ERROR_CODES[code];
    const idField = id === undefined ? {} : { id };
    this.transmitFrame(encodeFrame({ type: "error", code, message, ...nsField(ns), ...idField }));
    if (fatal) {
      this.end("forced close", CLOSE_CODES.protocolViolation);
    } else if (malformed) {
      const { context } = this;
      this.malformed ??= new TokenBucket(context.limits.malformed, context.now());
      if (!this.malformed.take(context.now())) this.end("forced close", CLOSE_CODES.malformed);
    }
  }

  /** Counts something that came from the client; false if it was too much. */
  private count(): boolean {
    const now = this.context.now();
    this.heardAt = now;
    if (this.messages.take(now)) return true;
    this.end("transport error", CLOSE_CODES.tooManyMessages);
    return false;
  }

  // To the client.

  /** Keeps account of a packet that changes what the connection is, or that must wait. */
  private track(outgoing: Outgoing, compress: boolean): void {
    const { ns } = outgoing;
    switch (outgoing.type) {
      case "connect":
        this.accept(outgoing, compress);
        return;
      case "connect_error":
      case "disconnect": {
        const early = this.namespaces.end(ns);
        this.transmit(outgoing, compress);
        for (const frame of early) this.refuseLate(frame);
        return;
      }
      default:
        if (this.namespaces.holdBack(ns, outgoing)) return;
        if (outgoing.type === "event" && outgoing.id !== undefined && !this.expectAck(ns, outgoing.id))
          return;
        this.transmit(outgoing, compress);
    }
  }

  private accept({ ns, text }: Outgoing, compress: boolean): void {
    const { early, late, pid } = this.namespaces.accept(ns);
    this.wasConnected = true;
    const session = JSON.parse(text) as { sid: string; pid?: string };
    const { pingInterval, pingTimeout, maxPayload } = this.context.limits;
    this.transmitFrame(
      encodeFrame({
        type: "connected",
        ...nsField(ns),
        sid: session.sid,
        ...(session.pid === undefined ? {} : { pid: session.pid, recovered: session.pid === pid }),
        pingInterval,
        pingTimeout,
        maxPayload,
      }),
    );
    for (const outgoing of late) this.track(outgoing, compress);
    if (early.length === 0) return;
    // Socket.IO writes CONNECT before it tells the application: one tick later the handlers are there.
    process.nextTick(() => {
      for (const frame of early) this.pass(frame, 0);
    });
  }

  /** Remembers that the server wants an ack; false if the client owes too many. */
  private expectAck(ns: string, id: number): boolean {
    this.pendingAcks ??= new Set();
    this.pendingAcks.add(ackKey(ns, id));
    if (this.pendingAcks.size <= this.context.limits.maxPendingAcks) return true;
    this.abort(CLOSE_CODES.tooManyPendingAcks);
    return false;
  }

  private transmit(outgoing: Outgoing, compress: boolean): void {
    if (this.compresses) this.transmitCompressed(outgoing.text, compress);
    else this.queue.append(outgoing.frame);
  }

  private transmitFrame(text: string): void {
    this.transport.writable = false;
    if (this.compresses) this.transmitCompressed(text, true);
    else this.queue.append(textFrame(text));
  }

  /** With compression each client has a context of its own: there is nothing to share, and `ws` does the work. */
  private transmitCompressed(text: string, compress: boolean): void {
    if (this.ws.bufferedAmount > this.context.limits.maxBufferedBytes) {
      this.onOverflow();
      return;
    }
    this.ws.send(text, { compress }, () => {
      if (this.ws.bufferedAmount > 0) return;
      // The outbox, which calls for this event otherwise, has no part in it.
      if (this.observed && this.readyState === "open") this.emit("drain");
      this.onDrained();
    });
  }

  /** Ends the connection over a limit. Deferred, since Socket.IO may be in the middle of a broadcast. */
  private abort(close: CloseCode): void {
    this.readyState = "closing";
    process.nextTick(() => this.end("transport error", close));
  }

  private end(reason: CloseReason, close?: CloseCode, error?: Error): void {
    if (this.readyState === "closed") return;
    this.queue.flushAll();
    this.readyState = "closed";
    if (close !== undefined) this.ws.close(close.code, close.reason);
    const byBridge =
      close !== undefined && reason !== "forced close" ? new BridgeCloseError(close) : undefined;
    this.context.onEnd(this);
    this.emit("close", reason, error ?? byBridge);
  }
}

function nsField(ns: string | undefined): { ns?: string } {
  return ns === undefined || ns === "/" ? {} : { ns };
}

function ackKey(ns: string, id: number): string {
  return `${id}${ns}`;
}

function idOf(frame: PacketFrame): number | undefined {
  return frame.type === "event" || frame.type === "ack" ? frame.id : undefined;
}
