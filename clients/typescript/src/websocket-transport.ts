/** A WebSocket, made as small as the client needs it: of a browser's, of Node's, or of the `ws` package's class. */

import { TransportError } from "./errors.js";
import { retryAfterOf } from "./http/retry-after.js";
import type { Heartbeat, Transport, TransportEnd, TransportEvents } from "./transport.js";

/** What an `error` event may tell. */
interface Failure {
  readonly message?: string;
  /** Of Node's. */
  readonly error?: unknown;
}

interface WebSocketEvent extends Failure {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
}

/** The part of a WebSocket that the client uses. */
export interface WebSocketLike {
  /** Left out by React Native's class. */
  readonly bufferedAmount?: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(
    type: "open" | "message" | "close" | "error",
    listener: (event: WebSocketEvent) => void,
  ): void;
}

/** What the class of `ws` can do beyond that: tell of pings, and give up a connection at once. */
interface NodeWebSocket extends WebSocketLike {
  on(event: "ping", listener: () => void): unknown;
  on(event: "unexpected-response", listener: (request: unknown, response: HttpResponse) => void): unknown;
  terminate(): void;
}

interface HttpResponse {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

export type WebSocketClass = new (
  url: string,
  protocols?: string | string[],
  options?: { headers: Record<string, string> },
) => WebSocketLike;

export interface WebSocketTarget {
  readonly WebSocket: WebSocketClass;
  readonly url: string;
  readonly protocols: string | string[];
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** How a WebSocket ended. */
export interface WebSocketEnd extends TransportEnd {
  /**
   * Whether it may have ended for want of a subprotocol: where the class says so, or nothing. Something between client and
   * server may strip it (PROTOCOL.md, 1.7).
   */
  readonly mayLackSubprotocol: boolean;
  /** Whether it may be WebSockets that are refused, and not this client (12.15). Of one that could not be opened. */
  readonly mayFallBack: boolean;
}

export interface WebSocketEvents extends Omit<TransportEvents, "lost"> {
  lost(end: WebSocketEnd): void;
}

/** One WebSocket, from its opening to its end. */
export class WebSocketTransport implements Transport {
  readonly name = "websocket";
  readonly heartbeat: Heartbeat;
  readonly #socket: WebSocketLike;
  #over = false;

  /** @throws what the class throws, for a URL that it does not accept. */
  constructor(target: WebSocketTarget, events: WebSocketEvents) {
    const { WebSocket, url, protocols, headers } = target;
    this.#socket = headers
      ? new WebSocket(url, protocols, { headers: { ...headers } })
      : new WebSocket(url, protocols);
    this.heartbeat = isNodeWebSocket(this.#socket) ? "heard" : "asked";
    this.#listen(events);
  }

  /** Whether all that was sent has left. */
  get drained(): boolean {
    return !this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (!this.#over) this.#socket.send(text);
  }

  /** Ends the connection. `abrupt`: at once, where the class can. */
  hangUp(abrupt: boolean): void {
    if (this.#over) return;
    this.#over = true;
    if (abrupt && isNodeWebSocket(this.#socket)) this.#socket.terminate();
    else this.#socket.close(1000);
  }

  /** The listeners stay to the end: an `error` of `ws` that nobody listens to ends the process. */
  #listen(events: WebSocketEvents): void {
    const socket = this.#socket;
    const tells = isNodeWebSocket(socket);
    const lost = (
      code: number,
      reason: string,
      error?: TransportError,
      { message = "", error: cause }: Failure = {},
    ): void => {
      if (this.#over) return;
      this.#over = true;
      const isStripped = /subprotocol/.test(message);
      const mayFallBack =
        error?.status === undefined
          ? !(tells && (isStripped || isUnreached(cause)))
          : refusesWebSockets(error);
      events.lost({
        code,
        reason,
        mayLackSubprotocol: !tells || isStripped,
        mayFallBack,
        ...(error ? { error } : {}),
      });
    };
    socket.addEventListener("open", () => {
      if (!this.#over) events.opened();
    });
    socket.addEventListener("message", ({ data }) => {
      if (!this.#over) events.message(typeof data === "string" ? data : undefined);
    });
    socket.addEventListener("close", ({ code = 1006, reason = "" }) => lost(code, reason));
    socket.addEventListener("error", (event) => {
      if (this.#over) return;
      // The close that follows an error may take its time; the connection is of no use in any case.
      const { message = "" } = event;
      lost(1006, "", new TransportError("websocket error", event, { status: statusIn(message) }), event);
      socket.close();
    });
    if (!tells) return;
    socket.on("ping", () => {
      if (!this.#over) events.ping();
    });
    socket.on("unexpected-response", (_request, { statusCode: status, headers }) => {
      const description = { type: "error", message: `Unexpected server response: ${status ?? "none"}` };
      const refusal = { status, retryAfter: retryAfterOf(headers["retry-after"]) };
      lost(1006, "", new TransportError("websocket error", description, refusal));
      socket.terminate();
    });
  }
}

function isNodeWebSocket(socket: WebSocketLike): socket is NodeWebSocket {
  return "on" in socket && "terminate" in socket;
}

/** The HTTP status of a refused upgrade, for classes around the one of ws that tell it in the message alone. */
function statusIn(message: string): number | undefined {
  const status = /^Unexpected server response: (\d{3})$/.exec(message)?.[1];
  return status === undefined ? undefined : Number(status);
}

/** Statuses with which a client is refused, and not WebSockets (PROTOCOL.md, 12.15). */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 407, 429]);

function refusesWebSockets({ status = 0, retryAfter }: TransportError): boolean {
  return !REFUSALS.has(status) && !(status === 503 && retryAfter !== undefined);
}

/** Node's codes of connections that did not come about: there is nobody to refuse anything. */
const UNREACHED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|ERR_TLS_.*|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/;

function isUnreached(cause: unknown): boolean {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && UNREACHED.test(code);
}
