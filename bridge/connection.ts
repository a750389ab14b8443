/**
 * One plain client, as Socket.IO sees it: an Engine.IO socket. What Socket.IO asks of one is listed in docs/bridge.md; the
 * events and properties that applications may use are those of Engine.IO's own. How bytes come and go, a class for WebSockets and
 * one for HTTP know.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { addressGroup } from "./addresses.js";
import type { Agenda, AgendaItem } from "./agenda.js";
import { CLOSE_CODES, type CloseCode } from "./close-codes.js";
import type { Outgoing } from "./codec.js";
import type { DecodedEntry, DecodedPacket, SocketIOClient } from "./decoded-entry.js";
import { GROUPABLE, type Groupable, type WriteOptions } from "./fanout/recipient.js";
import { Heartbeat } from "./heartbeat.js";
import { costOfText, type Inflow, type Inlet, type Valve } from "./inflow.js";
import { TokenBucket } from "./limits.js";
import { textFrame } from "./fanout/frame.js";
import type { FrameQueue, Outbox, QueueGroup, QueueOwner } from "./fanout/outbox.js";
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

/** What a connection is made with. */
export interface ConnectionParts {
  readonly id: string;
  /** The request that opened it. */
  readonly request: IncomingMessage;
  readonly remoteAddress: string;
  readonly context: ConnectionContext;
  /** What carries it. */
  readonly carrier: Carrier;
}

/** How a plain client is connected. Over HTTP it may change. */
export type Carrier = "websocket" | "sse" | "polling";

export abstract class Connection
  extends EventEmitter
  implements Groupable, QueueOwner, ProtocolLink, AgendaItem
{
  readonly id: string;
  /** The request that opened it. An application may replace or drop it, as it may with Engine.IO's. */
  request: IncomingMessage;
  readonly remoteAddress: string;
  readonly context: ConnectionContext;
  /** The Engine.IO protocol whose socket this stands for: with 4, Socket.IO waits for the client's `connect`. */
  readonly protocol = 4;
  readonly transport: { readonly name: string; writable: boolean; carrier: Carrier };
  readyState: "open" | "closing" | "closed" = "open";
  /** Engine.IO's upgrade requests may name any client: one that is upgraded already is left alone. */
  readonly upgraded = true;
  readonly [GROUPABLE] = true;
  /** For the codec. */
  partial: unknown = undefined;
  /** For the agenda. */
  period = 0;

  protected readonly heartbeat: Heartbeat;
  /** These two are there as soon as the class that knows them has called `carry`, in its constructor. */
  protected queue!: FrameQueue;
  protected inlet!: Inlet;
  /** Whether somebody has listened for WRITE_EVENTS. */
  protected observed = false;

  /** What Socket.IO has for this connection, once it is in a namespace. */
  #client: SocketIOClient | undefined;
  readonly #session: FrameProtocol;
  readonly #messages: TokenBucket;
  readonly #openedAt: number;
  /** Callbacks of writes that have not reached the kernel. */
  #sent: (() => void)[] | undefined;
  /** Set when the client has gone, or is sent away: nothing more is taken from it, and what came is handled still. Called then. */
  #finish: (() => void) | undefined;
  #isGone = false;
  #ending = false;

  constructor({ id, request, remoteAddress, context, carrier }: ConnectionParts) {
    super();
    const { limits } = context;
    this.id = id;
    this.request = request;
    this.remoteAddress = remoteAddress;
    this.context = context;
    this.transport = { name: "bridge", writable: true, carrier };
    this.#openedAt = context.now();
    this.heartbeat = new Heartbeat(limits, this.#openedAt);
    this.#session = new FrameProtocol(this, context);
    this.#messages = new TokenBucket(limits.messages, this.#openedAt);
  }

  /** @param valve Where what the client sends comes in. */
  protected carry(queue: FrameQueue, valve: Valve): void {
    this.queue = queue;
    this.inlet = this.context.inflow.open(addressGroup(this.remoteAddress), valve);
  }

  // What carries it.

  /** Whether the client has agreed to compression: there is nothing to share with others then. */
  protected abstract readonly compresses: boolean;
  /** Whether frames can be written still. */
  protected abstract get isWritable(): boolean;
  /** Whether the kernel has all that was written. */
  protected get isDrained(): boolean {
    return this.transport.writable;
  }
  /** All bytes that have come from the client. */
  protected abstract get bytesRead(): number;
  protected abstract ping(): void;
  /** Sends what `transmit` was given, compressed. */
  protected abstract sendCompressed(text: string, compress: boolean): void;
  /** Tells the client that it is closed, and takes nothing more to be written. Not the first time it does nothing. */
  protected abstract sendClose(close: CloseCode): void;
  /** Ends it for a client that has not answered. */
  protected abstract cut(): void;

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
    this.observed = true;
    this.queue.leave();
  }

  // What Socket.IO calls.

  /** Sends one chunk of a packet of Socket.IO's. Throws a TypeError if the packet holds a Blob. */
  write(chunk: unknown, options: WriteOptions = {}, callback?: () => void): this {
    if (this.readyState !== "open") return this;
    // As in Engine.IO: compression is on unless it was turned off.
    options.compress = options.compress !== false;
    if (this.observed) this.emit("packetCreate", { type: "message", options, data: chunk });
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
    const simple = this.readyState === "open" && this.#session.settled && !this.observed && !this.compresses;
    if (!simple || !this.queue.enter(group)) return false;
    this.transport.writable = false;
    return true;
  }

  /** As `write`. */
  send(chunk: unknown, options?: WriteOptions, callback?: () => void): this {
    return this.write(chunk, options, callback);
  }

  /** Calls back when the kernel has taken all that was written; not at all if the connection ends before. */
  whenDrained(callback: () => void): void {
    if (this.isDrained) callback();
    else (this.#sent ??= []).push(callback);
  }

  /**
   * Closes the connection. With `discard`, as Engine.IO's server calls it, because the server shuts down.
   */
  close(discard = false): this {
    if (discard) {
      this.#end("forced close", CLOSE_CODES.serverShutdown);
      // `io.close()` ends when all sockets have: it does not wait long for clients that do not answer.
      setTimeout(() => this.cut(), SHUTDOWN_GRACE).unref();
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

  // What the client says.

  onMessage(data: Buffer, binary: boolean): void {
    if (!this.count()) return;
    this.inlet.count(costOfText(data));
    this.#session.receive(data, binary);
  }

  /** The connection is gone. */
  onClose(): void {
    this.#isGone = true;
    if (this.#ending) this.context.onGone(this);
    else this.leave("transport close");
  }

  /** When to look at the connection for the first time. */
  get firstLook(): number {
    return this.heartbeat.nextPing;
  }

  /** Looks after the heartbeat, or, where the connection is left, ends the wait for what is handled still. */
  look(now: number): number {
    this.#finish?.();
    return this.#ending ? now : this.lookAlive(now);
  }

  /** Looks whether the client is there, and pings it when that is due; returns when to look again. */
  protected lookAlive(now: number): number {
    const pulse = this.heartbeat.look(now, this.bytesRead, this.inlet.pausedUntil);
    if (pulse === "dead") {
      this.#end("ping timeout", CLOSE_CODES.pingTimeout);
      return now;
    }
    if (pulse !== "ping") return pulse;
    const next = this.heartbeat.pinged(now, this.bytesRead);
    this.emit("packetCreate", { type: "ping", options: {} });
    this.ping();
    return next;
  }

  // What the outbox tells.

  onFlush(): boolean {
    // Once the client was told of the close (its own may have called for it), nothing may follow.
    if (!this.isWritable) return false;
    if (this.observed) this.emit("drain");
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
    if (this.compresses) this.sendCompressed(outgoing.text, compress);
    else this.queue.append(outgoing.frame);
  }

  transmitFrame(text: string): void {
    this.transport.writable = false;
    if (this.compresses) this.sendCompressed(text, true);
    else this.queue.append(textFrame(text));
  }

  violate(close: CloseCode): void {
    this.leave("forced close", close);
  }

  /** Deferred, since Socket.IO may be in the middle of a broadcast. */
  abort(close: CloseCode): void {
    this.readyState = "closing";
    process.nextTick(() => this.leave("transport error", close));
  }

  /** Counts something that came from the client; false if it was too much, or nothing is taken any more. */
  protected count(): boolean {
    if (this.readyState !== "open" || this.#finish !== undefined) return false;
    const now = this.context.now();
    this.heartbeat.heard(now);
    if (this.#messages.take(now)) return true;
    this.leave("transport error", CLOSE_CODES.tooManyMessages);
    return false;
  }

  /** Ends the connection for its client at once, and for Socket.IO when what came before is handled (PROTOCOL.md, 2.8). */
  protected leave(reason: CloseReason, close?: CloseCode, error?: Error): void {
    if (this.#ending || this.#finish !== undefined) return;
    const finish = (): void => this.#end(reason, close, error);
    this.#finish = finish;
    this.context.agenda.move(this, this.context.now() + HANDLING_GRACE);
    this.inlet.close();
    this.queue.flushAll();
    if (close !== undefined) this.sendClose(close);
    // A connection that is not open takes no namespace any more: there is nothing to wait for.
    if (this.readyState === "open") this.#session.whenHandled(finish);
    else setImmediate(finish);
  }

  #end(reason: CloseReason, close?: CloseCode, error?: Error): void {
    if (this.#ending) return;
    this.#ending = true; // a listener for "drain" may close as well
    this.inlet.close();
    this.queue.flushAll();
    this.readyState = "closed";
    if (close !== undefined) this.sendClose(close);
    const byBridge =
      close !== undefined && reason !== "forced close" ? new BridgeCloseError(close) : undefined;
    this.context.onEnd(this);
    if (this.#isGone) this.context.onGone(this);
    this.emit("close", reason, error ?? byBridge);
  }
}
