/** A WebSocket, made as small as the client needs it: of a browser's, of Node's, or of the `ws` package's class. */

import { TransportError } from "./errors.js";

interface WebSocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
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

export interface Target {
  readonly WebSocket: WebSocketClass;
  readonly url: string;
  readonly protocols: string | string[];
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** What happens to a connection. After `lost`, or after `hangUp`, nothing more is called. */
export interface TransportEvents {
  opened(): void;
  /** A text message, or `undefined` for a binary one, which the protocol does not know. */
  message(text: string | undefined): void;
  /** A WebSocket ping, where the class tells. */
  ping(): void;
  /** It closed, or could not be opened; with an error if there was one. */
  lost(end: TransportEnd): void;
}

export interface TransportEnd {
  readonly code: number;
  readonly reason: string;
  readonly error?: TransportError;
  /**
   * Whether it may have ended for want of a subprotocol: where the class says so, or nothing. Something between client and
   * server may strip it (PROTOCOL.md, 1.7).
   */
  readonly mayLackSubprotocol: boolean;
}

/** One WebSocket, from its opening to its end. */
export class Transport {
  /** Whether `ping` is ever called. */
  readonly seesPings: boolean;
  readonly #socket: WebSocketLike;
  #over = false;

  /** @throws what the class throws, for a URL that it does not accept. */
  constructor(target: Target, events: TransportEvents) {
    const { WebSocket, url, protocols, headers } = target;
    this.#socket = headers
      ? new WebSocket(url, protocols, { headers: { ...headers } })
      : new WebSocket(url, protocols);
    this.seesPings = isNodeWebSocket(this.#socket);
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
  #listen(events: TransportEvents): void {
    const socket = this.#socket;
    const lost = (code: number, reason: string, error?: TransportError, message = ""): void => {
      if (this.#over) return;
      this.#over = true;
      const mayLackSubprotocol = !isNodeWebSocket(socket) || /subprotocol/.test(message);
      events.lost({ code, reason, mayLackSubprotocol, ...(error ? { error } : {}) });
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
      lost(1006, "", new TransportError("websocket error", event, { status: statusIn(message) }), message);
      socket.close();
    });
    if (!isNodeWebSocket(socket)) return;
    socket.on("ping", () => {
      if (!this.#over) events.ping();
    });
    socket.on("unexpected-response", (_request, { statusCode: status, headers }) => {
      const description = { type: "error", message: `Unexpected server response: ${status ?? "none"}` };
      const refusal = { status, retryAfter: retryAfter(headers["retry-after"]) };
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

/** `Retry-After` in seconds (PROTOCOL.md, 1.6), as milliseconds. */
function retryAfter(header: unknown): number | undefined {
  return typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) * 1000 : undefined;
}
