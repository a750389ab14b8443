/**
 * One plain WebSocket, as Socket.IO sees it: an Engine.IO socket. What Socket.IO asks of one is listed in
 * docs/bridge.md; the events and properties that applications may use are those of Engine.IO's own.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { addressGroup } from "./addresses.js";
import type { Agenda, AgendaItem } from "./agenda.js";
import { CLOSE_CODES, type CloseCode } from "./close-codes.js";
import type { Outgoing } from "./codec.js";
import type { DecodedEntry, DecodedPacket, SocketIOClient } from "./decoded-entry.js";
import { GROUPABLE, type Groupable, type WriteOptions } from "./fanout/recipient.js";
import { costOfText, type Inflow, type Inlet } from "./inflow.js";
import { TokenBucket } from "./limits.js";
import { textFrame } from "./fanout/frame-tree.js";
import { WriteQueue, type Outbox, type QueueGroup, type QueueOwner } from "./fanout/outbox.js";
import { FrameProtocol, type ProtocolContext, type ProtocolLink } from "./frame-protocol.js";
import { callAll } from "./fanout/throw-later.js";

/** What all connections of a bridge share. */
export interface ConnectionContext extends ProtocolContext {
  readonly outbox: Outbox;
  readonly inflow: Inflow;
  /** Looks at a connection from when it is open until it has ended. */
  readonly agenda: Agenda<Connection>;
  /** The short way into Socket.IO, where it has one. */
  readonly decodedEntry: DecodedEntry | undefined;
  /** Called when a client has come into a namespace, as the socket with the id `sid`, before it is told. */
  onNamespace(ns: string, sid: string, connection: Connection): SocketIOClient | undefined;
  /** Milliseconds that a client has to connect to a namespace; Socket.IO keeps that time. */
  readonly connectTimeout: number;
  readonly limits: ProtocolContext["limits"] & {
    readonly maxBufferedBytes: number;
  };
  /** Called once for each connection, before its "close" is emitted. */
  onEnd(connection: Connection): void;
  /** Called once for each connection, when its socket is gone too. */
  onGone(connection: Connection): void;
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

/** Milliseconds that a namespace's middlewares have to admit a client that has gone, so that what it sent is handled. */
const HANDLING_GRACE = 5_000;

type Listener = Parameters<EventEmitter["on"]>[1];

/** The events that are emitted at every write, but only to those who listen. */
const WRITE_EVENTS: ReadonlySet<string | symbol> = new Set(["packetCreate", "drain"]);

/** Engine.IO's reasons for the end of a connection. */
type CloseReason = "transport close" | "transport error" | "ping timeout" | "forced close";

export class Connection extends EventEmitter implements Groupable, QueueOwner, ProtocolLink, AgendaItem {
  readonly #ws: WebSocket;
  readonly #socket: Duplex & { readonly bytesRead?: number };
  /** The Engine.IO protocol whose socket this stands for: with 4, Socket.IO waits for the client's `connect`. */
  readonly protocol = 4;
  readonly transport = { name: "bridge", writable: true };
  readyState: "open" | "closing" | "closed" = "open";
  /** Engine.IO's upgrade requests may name any client: one that is upgraded already is left alone. */
  readonly upgraded = true;
  readonly [GROUPABLE] = true;
  /** For the codec. */
  partial: unknown = undefined;
  /** What Socket.IO has for this connection, once it is in a namespace. */
  #client: SocketIOClient | undefined;

  readonly #queue: WriteQueue;
  readonly #session: FrameProtocol;
  readonly #messages: TokenBucket;
  readonly #inlet: Inlet;
  /** Callbacks of writes that have not reached the kernel. */
  #sent: (() => void)[] | undefined;
  /** Set when the client has gone, or is sent away: nothing more is taken from it, and what came is handled still. Called then. */
  #finish: (() => void) | undefined;
  #isGone = false;
  #ending = false;
  /** Whether somebody has listened for WRITE_EVENTS. */
  #observed = false;
  /** Whether the client has agreed to compression; ws makes the list of extensions anew at each look. */
  readonly #compresses: boolean;
  /** For the agenda. */
  period = 0;
  readonly #openedAt: number;
  #heardAt: number;
  /** When the last ping went out, or the connection opened. */
  #pingedAt: number;
  /** Bytes that had come from the client by then. */
  #bytesAtPing = 0;

  constructor(
    readonly id: string,
    /** The upgrade request. An application may replace or drop it, as it may with Engine.IO's. */
    public request: IncomingMessage,
    readonly remoteAddress: string,
    ws: WebSocket,
    socket: Duplex & { readonly bytesRead?: number },
    readonly context: ConnectionContext,
  ) {
    super();
    this.#ws = ws;
    this.#socket = socket;
    const { limits } = context;
    this.#compresses = ws.extensions !== "";
    this.#openedAt = this.#heardAt = this.#pingedAt = context.now();
    this.#queue = new WriteQueue(context.outbox, socket, this, limits.maxBufferedBytes);
    this.#session = new FrameProtocol(this, context);
    this.#messages = new TokenBucket(limits.messages, this.#openedAt);
    this.#inlet = context.inflow.open(addressGroup(remoteAddress), ws);
  }

  // Listeners for what happens at every write are rare, and looking for them there costs more than looking here.

  override on(event: string | symbol, listener: Listener): this {
    this.#watch(event);
    return super.on(event, listener);
  }

  override addListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener);
  }

  override prependListener(event: string | symbol, listener: Listener): this {
    this.#watch(event);
    return super.prependListener(event, listener);
  }

  #watch(event: string | symbol): void {
    if (!WRITE_EVENTS.has(event)) return;
    this.#observed = true;
    this.#queue.leave();
  }

  // What Socket.IO calls.

  /** Sends one chunk of a packet of Socket.IO's. Throws a TypeError if the packet holds a Blob. */
  write(chunk: unknown, options: WriteOptions = {}, callback?: () => void): this {
    if (this.readyState !== "open") return this;
    // As in Engine.IO: compression is on unless it was turned off.
    options.compress = options.compress !== false;
    if (this.#observed) this.emit("packetCreate", { type: "message", options, data: chunk });
    const outgoing = this.translate(chunk, options);
    if (callback !== undefined) (this.#sent ??= []).push(callback);
    // A part of a packet is not written yet: should the rest be refused, the connection is as it was.
    if (outgoing === undefined) return this;
    this.transport.writable = false;
    const simple = outgoing.type === "event" && outgoing.id === undefined && this.#session.settled;
    if (simple) this.transmit(outgoing, options.compress);
    else this.#session.send(outgoing, options.compress);
    return this;
  }

  translate(chunk: unknown, options: WriteOptions): Outgoing | undefined {
    return this.context.codec.fromSocketIO(chunk, options, this);
  }

  /**
   * Has this connection stand with others that are sent the same; false if it must be written to by itself: somebody
   * watches its writes, some namespace has not been answered, it compresses, or it was sent something else in this tick.
   */
  enter(group: QueueGroup): boolean {
    const simple =
      this.readyState === "open" && this.#session.settled && !this.#observed && !this.#compresses;
    if (!simple || !this.#queue.enter(group)) return false;
    this.transport.writable = false;
    return true;
  }

  /** As `write`. */
  send(chunk: unknown, options?: WriteOptions, callback?: () => void): this {
    return this.write(chunk, options, callback);
  }

  /** Calls back when the kernel has taken all that was written; not at all if the connection ends before. */
  whenDrained(callback: () => void): void {
    if (this.transport.writable) callback();
    else (this.#sent ??= []).push(callback);
  }

  /**
   * Closes the connection. With `discard`, as Engine.IO's server calls it, because the server shuts down.
   */
  close(discard = false): this {
    if (discard) {
      this.#end("forced close", CLOSE_CODES.serverShutdown);
      // `io.close()` ends when all sockets have: it does not wait long for clients that do not answer.
      setTimeout(() => this.#ws.terminate(), SHUTDOWN_GRACE).unref();
    } else if (this.#session.allEnded) this.#end("forced close", CLOSE_CODES.disconnected);
    else if (this.#timedOut) this.#end("forced close", CLOSE_CODES.connectTimeout);
    else this.#end("forced close", CLOSE_CODES.forcedClose);
    return this;
  }

  /** Whether it is Socket.IO's connect timeout that closes. Timers may fire a little early. */
  get #timedOut(): boolean {
    return (
      !this.#session.wasConnected && this.context.now() - this.#openedAt >= this.context.connectTimeout - 5
    );
  }

  // What the WebSocket tells.

  onMessage(data: Buffer, binary: boolean): void {
    if (!this.#takes || !this.#count()) return;
    this.#inlet.count(costOfText(data));
    this.#session.receive(data, binary);
  }

  onPing(data: Buffer): void {
    if (!this.#takes || !this.#count()) return;
    // One who sends pings and reads no pongs is a slow reader like any other.
    if (this.#queue.bufferedAmount > this.context.limits.maxBufferedBytes) this.onOverflow();
    else this.#ws.pong(data);
  }

  onPong(): void {
    if (!this.#takes || !this.#count()) return;
    this.emit("packet", { type: "pong" });
    this.emit("heartbeat");
  }

  /** The connection is gone. */
  onClose(): void {
    this.#isGone = true;
    if (this.#ending) this.context.onGone(this);
    else this.#leave("transport close");
  }

  /** The client broke the WebSocket protocol; `ws` sends the close code. */
  onError(error: Error): void {
    this.#leave("transport error", undefined, error);
  }

  /** When the connection's first ping is due. */
  get firstLook(): number {
    return this.#openedAt + this.context.limits.pingInterval;
  }

  /** Looks after the heartbeat, or, where the connection is left, ends the wait for what is handled still. */
  look(now: number): number {
    const { pingInterval, pingTimeout } = this.context.limits;
    this.#finish?.();
    if (this.#ending) return now;
    // Its pongs wait with the rest of what is not read.
    this.#heardAt = Math.max(this.#heardAt, this.#inlet.pausedUntil);
    if (this.#heardAt < this.#pingedAt && now - this.#pingedAt >= pingTimeout) {
      // A large message on a slow line is a sign of life long before it is whole.
      if (this.#bytesRead > this.#bytesAtPing) this.#heardAt = now;
      else this.#end("ping timeout", CLOSE_CODES.pingTimeout);
    }
    if (this.#heardAt < this.#pingedAt) return this.#pingedAt + pingTimeout;
    if (now - this.#pingedAt < pingInterval) return this.#pingedAt + pingInterval;
    this.#ping(now);
    return now + Math.min(pingInterval, pingTimeout);
  }

  #ping(now: number): void {
    this.#pingedAt = now;
    this.#bytesAtPing = this.#bytesRead;
    this.emit("packetCreate", { type: "ping", options: {} });
    this.#ws.ping();
  }

  get #bytesRead(): number {
    return this.#socket.bytesRead ?? 0;
  }

  // What the outbox tells.

  onFlush(): boolean {
    // Once a close frame is out (the client's own may have called for it), nothing may follow.
    if (this.#ws.readyState !== this.#ws.OPEN) return false;
    if (this.#observed) this.emit("drain");
    return true;
  }

  onDrained(): void {
    this.transport.writable = true;
    const sent = this.#sent;
    if (sent === undefined) return;
    this.#sent = undefined;
    callAll(sent);
  }

  onOverflow(): void {
    this.abort(CLOSE_CODES.slowReader);
  }

  // What the session asks.

  onNamespace(ns: string, sid: string): void {
    this.#client = this.context.onNamespace(ns, sid, this);
  }

  deliverDecoded(packet: DecodedPacket): boolean {
    const { decodedEntry } = this.context;
    if (this.#client === undefined || this.readyState !== "open") return false;
    return decodedEntry?.take(this.#client, this, packet) === true;
  }

  deliver(chunk: unknown): boolean {
    if (this.readyState !== "open") return false;
    this.emit("packet", { type: "message", data: chunk });
    this.emit("data", chunk);
    this.emit("message", chunk);
    return true;
  }

  transmit(outgoing: Outgoing, compress: boolean): void {
    if (this.#compresses) this.#transmitCompressed(outgoing.text, compress);
    else this.#queue.append(outgoing.frame);
  }

  transmitFrame(text: string): void {
    this.transport.writable = false;
    if (this.#compresses) this.#transmitCompressed(text, true);
    else this.#queue.append(textFrame(text));
  }

  violate(close: CloseCode): void {
    this.#leave("forced close", close);
  }

  /** Deferred, since Socket.IO may be in the middle of a broadcast. */
  abort(close: CloseCode): void {
    this.readyState = "closing";
    process.nextTick(() => this.#leave("transport error", close));
  }

  /** Whether anything is taken from the client. */
  get #takes(): boolean {
    return this.readyState === "open" && this.#finish === undefined;
  }

  /** Counts something that came from the client; false if it was too much. */
  #count(): boolean {
    const now = this.context.now();
    this.#heardAt = now;
    if (this.#messages.take(now)) return true;
    this.#leave("transport error", CLOSE_CODES.tooManyMessages);
    return false;
  }

  /** With compression each client has a context of its own: there is nothing to share, and `ws` does the work. */
  #transmitCompressed(text: string, compress: boolean): void {
    if (this.#ws.bufferedAmount > this.context.limits.maxBufferedBytes) {
      this.onOverflow();
      return;
    }
    this.#ws.send(text, { compress }, (error) => {
      if (error || this.#ws.bufferedAmount > 0) return;
      // The outbox, which calls for this event otherwise, has no part in it.
      if (this.#observed && this.readyState === "open") this.emit("drain");
      this.onDrained();
    });
  }

  /** Ends the connection for its client at once, and for Socket.IO when what came before is handled (PROTOCOL.md, 2.8). */
  #leave(reason: CloseReason, close?: CloseCode, error?: Error): void {
    if (this.#ending || this.#finish !== undefined) return;
    const finish = (): void => this.#end(reason, close, error);
    this.#finish = finish;
    this.context.agenda.move(this, this.context.now() + HANDLING_GRACE);
    this.#inlet.close();
    this.#queue.flushAll();
    if (close !== undefined) this.#ws.close(close.code, close.reason);
    // A connection that is not open takes no namespace any more: there is nothing to wait for.
    if (this.readyState === "open") this.#session.whenHandled(finish);
    else setImmediate(finish);
  }

  #end(reason: CloseReason, close?: CloseCode, error?: Error): void {
    if (this.#ending) return;
    this.#ending = true; // a listener for "drain" may close as well
    this.#inlet.close();
    this.#queue.flushAll();
    this.readyState = "closed";
    if (close !== undefined) this.#ws.close(close.code, close.reason);
    const byBridge =
      close !== undefined && reason !== "forced close" ? new BridgeCloseError(close) : undefined;
    this.context.onEnd(this);
    if (this.#isGone) this.context.onGone(this);
    this.emit("close", reason, error ?? byBridge);
  }
}
