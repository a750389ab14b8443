/** One attempt to connect, and the connection that comes of it: a WebSocket, or, where it is refused, a session over HTTP (PROTOCOL.md, 12.15). */

import type { Environment } from "./environment.js";
import { TransportError } from "./errors.js";
import { HttpTransport, type Fetch } from "./http/http-transport.js";
import type { OpeningFailure, SessionEnd } from "./http/effects.js";
import type { Heartbeat, Transport, TransportEnd, TransportEvents, TransportName } from "./transport.js";
import type { Ways } from "./ways.js";
import { type WebSocketClass, type WebSocketEnd, WebSocketTransport } from "./websocket-transport.js";

/** Where to connect to, and how. */
export interface Target {
  /** Those that may be taken; at least one. */
  readonly ways: readonly TransportName[];
  /** There is one where `ways` has it. */
  readonly WebSocket: WebSocketClass | undefined;
  /** There is one where `ways` has one over HTTP. */
  readonly fetch: Fetch | undefined;
  readonly socketUrl: string;
  readonly httpUrl: string;
  /** What is remembered of ways is remembered for this. */
  readonly address: string;
  readonly protocols: string | string[];
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly withCredentials: boolean;
}

export interface AttemptSettings {
  readonly target: Target;
  readonly ways: Ways;
  readonly environment: Environment;
  /** Milliseconds that the attempt may take; false for no limit. */
  readonly timeout: number | false;
}

/** Milliseconds for a WebSocket's handshake, where attempts have no limit. */
const HANDSHAKE = 10_000;

export class Attempt implements Transport {
  readonly #settings: AttemptSettings;
  readonly #events: TransportEvents;
  #transport: WebSocketTransport | HttpTransport | undefined;
  /** How the WebSocket of this attempt failed. */
  #failure: WebSocketEnd | undefined;
  #openedAt: number | undefined;
  #hasFrame = false;
  #stopTimer = (): void => undefined;

  /** @throws what the WebSocket's class throws, for a URL that it does not accept. */
  constructor(settings: AttemptSettings, events: TransportEvents) {
    this.#settings = settings;
    this.#events = events;
    const { ways, target, environment } = settings;
    const first = ways.first(target.ways, target.address, environment.now());
    if (first === "websocket") this.#openWebSocket();
    else this.#openSession(first);
  }

  get name(): TransportName {
    return this.#transport?.name ?? "websocket";
  }

  get heartbeat(): Heartbeat {
    return this.#transport?.heartbeat ?? "own";
  }

  get drained(): boolean {
    return this.#transport?.drained === true;
  }

  send(text: string): void {
    this.#transport?.send(text);
  }

  hangUp(abrupt: boolean): void {
    this.#stopTimer();
    // The silence of a connection that is given up is an end of it, too.
    if (abrupt && this.#transport instanceof WebSocketTransport) this.#wasOpen(1006);
    this.#transport?.hangUp(abrupt);
  }

  #openWebSocket(): void {
    const { target, ways, environment, timeout } = this.#settings;
    const { WebSocket, socketUrl: url, protocols, headers, address } = target;
    if (WebSocket === undefined) throw new Error("there is no WebSocket class");
    const common = this.#commonEvents();
    this.#transport = new WebSocketTransport(
      { WebSocket, url, protocols, headers },
      { ...common, message: (text) => this.#message(text), lost: (end) => this.#webSocketLost(end) },
    );
    if (ways.http(target.ways, address, environment.now()) === undefined) return;
    this.#stopTimer = environment.after(timeout === false ? HANDSHAKE : timeout / 2, () => {
      this.#transport?.hangUp(true);
      const error = new TransportError("websocket error", {
        type: "error",
        message: "the handshake had no answer",
      });
      this.#webSocketLost({ code: 1006, reason: "", error, mayLackSubprotocol: false, mayFallBack: true });
    });
  }

  #openSession(mode: "sse" | "polling"): void {
    const { target, environment, ways } = this.#settings;
    const { fetch, httpUrl: url, headers, withCredentials, address } = target;
    if (fetch === undefined) throw new Error("there is no fetch");
    const mayPoll = target.ways.includes("polling");
    this.#transport = new HttpTransport(
      { fetch, url, headers, withCredentials, mode, mayPoll },
      {
        ...this.#commonEvents(),
        message: (text) => this.#events.message(text),
        notOpened: (why) => this.#notOpened(why),
        works: (way) => ways.worked(way, address, environment.now()),
        lost: (end) => this.#events.lost(sessionEnd(end)),
      },
      environment,
    );
  }

  #commonEvents(): Pick<TransportEvents, "opened" | "ping" | "counted" | "changed"> {
    const events = this.#events;
    return {
      opened: () => this.#opened(),
      ping: () => events.ping(),
      counted: () => events.counted(),
      changed: () => events.changed(),
    };
  }

  #opened(): void {
    this.#stopTimer();
    this.#openedAt = this.#settings.environment.now();
    this.#events.opened();
  }

  #message(text: string | undefined): void {
    this.#hasFrame = true;
    this.#events.message(text);
  }

  #webSocketLost(end: WebSocketEnd): void {
    this.#stopTimer();
    const { target, ways, environment } = this.#settings;
    if (this.#openedAt !== undefined) {
      this.#wasOpen(end.code);
      return this.#events.lost(end);
    }
    // The next attempt goes the other way, until one works.
    if (end.mayLackSubprotocol) ways.isStripped = !ways.isStripped;
    const way = ways.http(target.ways, target.address, environment.now());
    if (way === undefined || !end.mayFallBack) return this.#events.lost(end);
    this.#failure = end;
    this.#openSession(way);
  }

  /** The WebSocket had been open: whether it was of any use says how the next attempt begins. */
  #wasOpen(code: number): void {
    if (this.#openedAt === undefined || this.#hasFrame) return;
    const { ways, environment } = this.#settings;
    ways.wasMute(environment.now() - this.#openedAt, code);
  }

  #notOpened(why: OpeningFailure): void {
    const { ways, target, environment } = this.#settings;
    if (why.is === "refused") {
      const { status, message, retryAfter } = why;
      return this.#events.lost(failed(message, { status, retryAfter }));
    }
    ways.failed(target.address, why.is === "absent", environment.now());
    if (why.is === "absent") {
      const message = `there is no bridge over HTTP: ${why.status}`;
      return this.#events.lost(this.#failure ?? failed(message, { status: why.status }));
    }
    // What the WebSocket was told counts only where HTTP was told something, too: it may be worth another attempt.
    const message = "the bridge over HTTP did not answer";
    this.#events.lost(failed(message, { retryAfter: why.retryAfter }));
  }
}

function sessionEnd({ code, reason, status, retryAfter }: SessionEnd): TransportEnd {
  if (status === undefined) return { code, reason };
  return failed(`a request of the session was refused: ${status}`, { status, retryAfter });
}

function failed(
  message: string,
  refusal: { status?: number | undefined; retryAfter: number | undefined } | { status: number },
): TransportEnd {
  const error = new TransportError("http error", { type: "error", message }, refusal);
  return { code: 1006, reason: "", error };
}
