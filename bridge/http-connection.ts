/** A plain client over HTTP: a session, whose frames come and go with requests (PROTOCOL.md, 12). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CLOSE_CODES, type CloseCode } from "./close-codes.js";
import { Connection, type ConnectionContext } from "./connection.js";
import { refuseClosed, type Session } from "./http/endpoint.js";
import { EventQueue, type EventQueueOwner } from "./http/event-queue.js";
import { Intake, type IntakeOwner } from "./http/intake.js";
import { PollReader, StreamReader, type Close, type Reader } from "./http/reader.js";
import type { Sessions } from "./http/sessions.js";

/** What all sessions of a bridge share. */
export interface HttpContext {
  readonly sessions: Sessions<Session>;
  /** Milliseconds that a session lives without a reader. */
  readonly resumeTimeout: number;
  /** Bytes that are kept though they were sent. */
  readonly maxReplay: number;
  /** Milliseconds that a client has to take the end of an answer. */
  readonly closeTimeout: number;
}

/** Milliseconds after which a stream has its first ping: by then a client knows whether something holds it up. */
const FIRST_PING = 5_000;

export class HttpConnection extends Connection implements EventQueueOwner, IntakeOwner, Session {
  readonly sessionId: string;
  protected readonly compresses = false;
  readonly #http: HttpContext;
  readonly #events: EventQueue;
  readonly #intake: Intake;
  /** Since when there is no reader. */
  #unreadSince: number;
  /** How many frames the client had at its last GET. */
  #readUpTo = 0;
  #isGoneTold = false;

  constructor(
    id: string,
    request: IncomingMessage,
    remoteAddress: string,
    context: ConnectionContext,
    http: HttpContext,
  ) {
    super({ id, request, remoteAddress, context, carrier: "polling" });
    const { maxBufferedBytes, maxPayload } = context.limits;
    const { maxReplay } = http;
    this.#http = http;
    this.#events = new EventQueue(context.outbox, this, { maxBufferedBytes, maxReplay });
    this.#intake = new Intake(this, maxPayload);
    this.carry(this.#events, this.#intake);
    this.sessionId = http.sessions.newId();
    this.#unreadSince = context.now();
    // Until there is a reader, nothing that may be dropped can be sent.
    this.transport.writable = false;
  }

  // What requests ask.

  get closedWith(): Close | undefined {
    return this.#events.closedWith;
  }

  acknowledge(count: number): boolean {
    return this.#events.acknowledge(count);
  }

  canResume(count: number): boolean {
    return this.#events.canResume(count);
  }

  /** One that has got frames is not counted: the server had it made, and a poll for each frame would be too many. */
  countRead(ack: number): boolean {
    if (ack <= this.#readUpTo) return this.count();
    this.#readUpTo = ack;
    return true;
  }

  stream(response: ServerResponse, ack: number): void {
    this.#events.attach(new StreamReader(response, this.#events, this.#http.closeTimeout), ack);
  }

  poll(response: ServerResponse, ack: number, wait: number): void {
    const most = Math.min(wait, this.context.limits.pingInterval);
    this.#events.attach(new PollReader(response, this.#events, most, this.#http.closeTimeout), ack);
  }

  post(request: IncomingMessage, response: ServerResponse, seq: number | undefined): void {
    this.#intake.post(request, response, seq);
  }

  depart(): void {
    if (this.closedWith !== undefined) return;
    this.#closeEvents(CLOSE_CODES.normal);
    this.#gone();
  }

  onForgotten(): void {
    this.#events.cut();
    this.#gone();
  }

  // What the client sends.

  onLine(line: Buffer): void {
    this.onMessage(line, false);
  }

  onNothing(): void {
    if (!this.count()) return;
    // What the answer to a ping is elsewhere.
    this.emit("packet", { type: "pong" });
    this.emit("heartbeat");
  }

  onTooBig(): void {
    this.leave("transport error", CLOSE_CODES.messageTooBig);
  }

  onInvalidUtf8(): void {
    this.leave("transport error", CLOSE_CODES.invalidUtf8);
  }

  refuseClosed(response: ServerResponse): boolean {
    return refuseClosed(this, response);
  }

  // What the queue tells.

  onReader(reader: Reader | undefined): void {
    const now = this.context.now();
    this.transport.writable = false;
    if (reader === undefined) {
      this.#unreadSince = now;
    } else {
      const { pingInterval } = this.context.limits;
      this.transport.carrier = reader.kind;
      this.heartbeat.restart(now, reader.kind === "sse" ? Math.min(FIRST_PING, pingInterval) : pingInterval);
    }
    if (this.closedWith === undefined) this.context.agenda.move(this, this.firstLook);
  }

  override onDrained(): void {
    super.onDrained();
    // After a poll there is nothing that could be written to.
    this.transport.writable = this.#events.reader?.isReady === true;
  }

  onCloseSent(): void {
    this.#gone();
  }

  // What the connection asks.

  override get firstLook(): number {
    const hasReader = this.#events.reader !== undefined;
    return hasReader ? super.firstLook : this.#unreadSince + this.#http.resumeTimeout;
  }

  protected override lookAlive(now: number): number {
    if (this.#events.reader !== undefined) return super.lookAlive(now);
    const due = this.#unreadSince + this.#http.resumeTimeout;
    if (now < due) return due;
    this.#http.sessions.remove(this);
    this.#gone();
    return now;
  }

  protected override get isDrained(): boolean {
    return this.#events.isDrained;
  }

  protected get isWritable(): boolean {
    return this.closedWith === undefined;
  }

  protected get bytesRead(): number {
    return this.#intake.bytesRead;
  }

  protected ping(): void {
    this.#events.reader?.ping();
  }

  protected sendClose(close: CloseCode): void {
    if (this.closedWith === undefined) this.#closeEvents(close);
  }

  protected cut(): void {
    this.#events.cut();
    this.#gone();
  }

  /** Never: nothing is compressed for one client here. */
  protected sendCompressed(): void {
    throw new Error("a client over HTTP has agreed to no compression");
  }

  #closeEvents({ code, reason }: CloseCode): void {
    this.#events.closeWith({ code, reason });
    this.#http.sessions.closed(this);
  }

  /** The client has gone, or knows that it is to go. */
  #gone(): void {
    if (this.#isGoneTold) return;
    this.#isGoneTold = true;
    this.onClose();
  }
}
