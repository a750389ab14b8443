/**
 * The shell around the session: it owns the WebSocket and the timers, does what the session says, and passes
 * frames between the WebSocket and the namespaces.
 */

import { mayRetryUpgrade, shouldReconnect } from "./close-codes.js";
import { callUser } from "./shared/user-code.js";
import type { Environment } from "./environment.js";
import { ProtocolError } from "./errors.js";
import { toError } from "./shared/user-code.js";
import { decodeFrame, PING, type ConnectedFrame, type NamespaceFrame, type ServerFrame } from "./frames.js";
import type { ManagerOptions } from "./options.js";
import { RateLimiter } from "./rate-limiter.js";
import { utf8Length } from "./shared/platform.js";
import {
  Lifecycle,
  type Effect,
  type Announcement,
  type CloseDetails,
  type CloseReason,
  type Phase,
  type TimerName,
} from "./lifecycle.js";
import { Settings } from "./settings.js";
import { Attempt, type Target } from "./attempt.js";
import type { TransportEnd, TransportEvents, TransportName } from "./transport.js";
import { WayMemory, Ways } from "./ways.js";

/** A namespace, as its connection sees it. */
export interface Peer {
  /** Whether it needs the connection. */
  readonly active: boolean;
  opened(): void;
  /** More may be sent. */
  flush(): void;
  frame(frame: NamespaceFrame): void;
  /** The connection could not be made; it will be tried again, unless `final`. */
  failed(error: Error, final: boolean): void;
  /** The connection ended, and will be made again, unless `final`. */
  closed(reason: CloseReason, details: CloseDetails | undefined, final: boolean): void;
  /** The server refused the event that had this ack id. */
  refused(id: number, error: Error): void;
}

export type OpenCallback = (error?: Error) => void;

/** The drivers of a connection. */
export interface ConnectionDrivers {
  readonly environment: Environment;
  /**
   * Where to connect to. Asked at each attempt, so that changed options count.
   * @param isStripped whether something on the way seems to strip the header of the subprotocol.
   */
  readonly target: (isStripped: boolean) => Target;
}

/** Of all connections of a program; connections with a clock of their own have a memory of their own. */
const memories = new WeakMap<Environment, WayMemory>();

function memoryOf(environment: Environment): WayMemory {
  const memory = memories.get(environment) ?? new WayMemory();
  memories.set(environment, memory);
  return memory;
}

/** Has connections that are made from now on know nothing of the ways that worked: tests have servers with addresses of earlier ones. */
export function forgetWays(environment: Environment): void {
  memories.delete(environment);
}

/** One connection to a server, shared by its namespaces; made again when it is lost. */
export class Connection extends Settings {
  /** @internal */
  readonly environment: Environment;
  readonly #lifecycle: Lifecycle;
  readonly #target: ConnectionDrivers["target"];
  readonly #peers = new Map<string, Peer>();
  readonly #timers = new Map<TimerName, () => void>();
  readonly #ways: Ways;
  #transport: Attempt | undefined;
  #callback: OpenCallback | undefined;
  #maxPayload = Infinity;
  readonly #rateLimiter = new RateLimiter();
  #stopPacing: (() => void) | undefined;
  #stopWatching = (): void => undefined;

  constructor(options: Partial<ManagerOptions>, drivers: ConnectionDrivers) {
    super(options);
    this.environment = drivers.environment;
    this.#target = drivers.target;
    this.#ways = new Ways(memoryOf(drivers.environment));
    this.#lifecycle = new Lifecycle(this.settings, () => this.environment.random());
  }

  /**
   * Connects, if there is no connection yet.
   * @param callback told of the outcome of this attempt, with the error if it failed; then nothing is retried.
   */
  open(callback?: OpenCallback): this {
    if (this.phase === "opening" || this.phase === "open") return this;
    this.#callback = callback;
    this.#run(this.#lifecycle.open(callback === undefined));
    return this;
  }

  /** The same as `open`. */
  connect(callback?: OpenCallback): this {
    return this.open(callback);
  }

  /** Closes the connection of all namespaces; they stay active, and are connected again by `open`. */
  disconnect(): void {
    this.#run(this.#lifecycle.close());
  }

  /** The way in use (docs/sdk.md, 6.5); undefined while there is no connection. */
  get transport(): TransportName | undefined {
    return this.phase === "open" ? this.#transport?.name : undefined;
  }

  /** @internal */
  get phase(): Phase {
    return this.#lifecycle.phase;
  }

  /** @internal Whether a connection that failed or was lost is being made again. */
  get reconnecting(): boolean {
    return this.#lifecycle.reconnecting;
  }

  /** @internal Whether what is sent now leaves at once, so that a volatile event is worth sending. */
  get drained(): boolean {
    return this.#transport?.drained === true;
  }

  /** @internal Makes a namespace known. */
  register(ns: string, peer: Peer): void {
    this.#peers.set(ns, peer);
  }

  /** @internal A namespace does not want the connection any more; without any that does, it is closed. */
  release(): void {
    if (![...this.#peers.values()].some((peer) => peer.active)) this.disconnect();
  }

  /** @internal Whether the connection takes frames; one that turns out to be dead is given up. */
  isUsable(): boolean {
    if (this.#lifecycle.hasExpired(this.environment.now())) {
      this.#startTimer("heartbeat", 0);
      return false;
    }
    return this.phase === "open";
  }

  /** @internal @throws ProtocolError `payload_too_large`: the server would close the connection for it, for good (1009). */
  check(text: string): void {
    // A UTF-16 unit is three bytes at most: most frames need not be measured.
    if (text.length * 3 > this.#maxPayload && utf8Length(text) > this.#maxPayload) {
      throw new ProtocolError("payload_too_large", `the message has more than ${this.#maxPayload} bytes`);
    }
  }

  /** @internal Whether one more frame keeps to the server's rate; then it must be sent. If not, namespaces are told when to ask again. */
  mayLeave(): boolean {
    const now = this.environment.now();
    if (this.#stopPacing === undefined && this.#rateLimiter.take(now)) return true;
    this.#stopPacing ??= this.environment.after(this.#rateLimiter.wait(now), () => this.#flush());
    return false;
  }

  /** @internal Sends the text of a frame that `mayLeave`. */
  transmit(text: string): void {
    this.#transport?.send(text);
  }

  /** @internal Sends a frame of the protocol's own, which waits for nothing. */
  send(text: string): void {
    this.#rateLimiter.spend(this.environment.now());
    this.#transport?.send(text);
  }

  /** @internal Tells of an error that is no failure of the connection. */
  report(error: Error): void {
    this.dispatch("error", error);
  }

  #run(effects: readonly Effect[]): void {
    const { generation } = this.#lifecycle;
    for (const effect of effects) {
      // A listener has moved the session on: the rest is out of date, but for the answer that is owed.
      if (this.#lifecycle.generation === generation || effect.do === "answer") this.#perform(effect);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.do) {
      case "dial":
        return this.#dial();
      case "hangUp":
        return this.#hangUp(effect.abrupt);
      case "ping":
        return this.send(PING);
      case "start":
        return this.#startTimer(effect.timer, effect.ms);
      case "stop":
        return this.#stopTimer(effect.timer);
      case "announce":
        return this.#announce(effect.what);
      case "answer":
        return this.#answer(effect.error);
    }
  }

  #dial(): void {
    const events: TransportEvents = {
      opened: () => this.#opened(),
      counted: () => this.#rateLimiter.spend(this.environment.now()),
      changed: () => this.#tellTransport(),
      message: (text) => this.#receive(text),
      ping: () => {
        this.#lifecycle.heard(this.environment.now());
        this.dispatch("ping");
      },
      lost: (end) => this.#lost(end),
    };
    let target: Target;
    try {
      target = this.#target(this.#ways.isStripped);
      const { timeout } = this.settings;
      this.#transport = new Attempt(
        { target, ways: this.#ways, environment: this.environment, timeout },
        events,
      );
    } catch (thrown) {
      // Later, like every other failure: the user has had no time to listen yet.
      this.#startTimer("dial", 0, () => this.#run(this.#lifecycle.failed(toError(thrown), false)));
      return;
    }
    // A server on the same machine is there without a network.
    if (/^wss?:\/\/localhost[:/]/.test(target.socketUrl)) return;
    this.#stopWatching = this.environment.onOffline(() => {
      this.#lose("transport close", { description: "network connection lost" }, false);
    });
  }

  #hangUp(abrupt: boolean): void {
    this.#stopWatching();
    this.#stopWatching = () => undefined;
    this.#transport?.hangUp(abrupt);
    this.#transport = undefined;
    this.#maxPayload = Infinity;
    this.#stopPacing?.();
    this.#stopPacing = undefined;
  }

  #opened(): void {
    const now = this.environment.now();
    this.#rateLimiter.reset(now);
    this.#run(this.#lifecycle.opened(now, this.#transport?.heartbeat ?? "own"));
    if (this.phase === "open") this.#tellTransport();
  }

  #tellTransport(): void {
    const { transport } = this;
    if (transport !== undefined) this.dispatch("transport", transport);
  }

  #lost({ code, reason, error }: TransportEnd): void {
    const final = !shouldReconnect(code);
    if (this.phase === "opening") {
      const failure = error ?? new Error(`websocket closed with code ${code}`);
      const isHopeless = final || !mayRetryUpgrade(error?.status);
      this.#run(this.#lifecycle.failed(failure, isHopeless, { notBefore: error?.retryAfter ?? 0 }));
    } else if (error) {
      this.dispatch("error", error);
      this.#lose(
        "transport error",
        { description: error.message, context: error },
        !mayRetryUpgrade(error.status),
      );
    } else {
      const description = "websocket connection closed";
      this.#lose("transport close", { description, code, reason, context: { code, reason } }, final);
    }
  }

  #lose(reason: CloseReason, details: CloseDetails, final: boolean): void {
    this.#run(this.#lifecycle.lost(reason, details, final, this.environment.now()));
  }

  #flush(): void {
    this.#stopPacing = undefined;
    for (const peer of this.#peers.values()) peer.flush();
  }

  #receive(text: string | undefined): void {
    this.#lifecycle.heard(this.environment.now());
    const frame = text === undefined ? undefined : decodeFrame(text);
    if (frame === undefined || frame.type === "malformed") {
      const message = frame?.message ?? "a message is not text";
      this.report(new ProtocolError("malformed_frame", `the server broke the protocol: ${message}`));
    } else if (frame.type !== "unknown") {
      this.#deliver(frame);
    }
  }

  #deliver(frame: ServerFrame): void {
    switch (frame.type) {
      case "pong":
        return;
      case "error": {
        const error = new ProtocolError(frame.code, frame.message, frame.ns, frame.id);
        if (frame.id !== undefined) this.#peers.get(frame.ns)?.refused(frame.id, error);
        return this.report(error);
      }
      case "connected":
        this.#accepted(frame);
        break;
    }
    this.#peers.get(frame.ns)?.frame(frame);
  }

  #accepted({ maxPayload, rate, pingInterval, pingTimeout }: ConnectedFrame): void {
    const now = this.environment.now();
    this.#maxPayload = maxPayload;
    if (rate !== undefined) this.#rateLimiter.limit(rate, now);
    this.#run(this.#lifecycle.accepted(pingInterval, pingTimeout, now));
  }

  /** The namespaces first: their state is right by the time that the user's listeners look at it. */
  #announce(what: Announcement): void {
    const peers = [...this.#peers.values()];
    switch (what.event) {
      case "open":
        for (const peer of peers) peer.opened();
        return this.dispatch("open");
      case "error":
        for (const peer of peers) peer.failed(what.error, what.final);
        return this.dispatch("error", what.error);
      case "close":
        for (const peer of peers) peer.closed(what.reason, what.details, what.final);
        return this.dispatch("close", what.reason, what.details);
      case "reconnect_attempt":
      case "reconnect":
        return this.dispatch(what.event, what.attempt);
      case "reconnect_error":
        return this.dispatch(what.event, what.error);
      case "reconnect_failed":
        return this.dispatch(what.event);
    }
  }

  #answer(error: Error | undefined): void {
    const callback = this.#callback;
    this.#callback = undefined;
    if (callback) callUser(() => callback(error));
  }

  #startTimer(timer: TimerName, ms: number, task?: () => void): void {
    this.#stopTimer(timer);
    const expired = task ?? (() => this.#run(this.#lifecycle.expired(timer, this.environment.now())));
    this.#timers.set(
      timer,
      this.environment.after(ms, () => {
        this.#timers.delete(timer);
        expired();
      }),
    );
  }

  #stopTimer(timer: TimerName): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }
}
