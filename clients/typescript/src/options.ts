/** The options of the client: socket.io-client's where the two overlap. Types only. */

import type { WebSocketClass } from "./websocket-transport.js";
import type { Query } from "./url.js";

/** Data, or a function that gives it, asked anew at every connect: to a callback, or (here only) as its result. */
export type Auth =
  Record<string, unknown> | ((callback: (data?: Record<string, unknown>) => void) => unknown);

export interface SocketOptions {
  /** Credentials; the server's application finds them in `handshake.auth`. */
  auth: Auth;
  /** How often an event is sent again that was not acked; with it, events are sent one by one. Use `ackTimeout` too. */
  retries: number;
  /** Milliseconds to wait for each ack, where `timeout()` says nothing else. Default: for ever. */
  ackTimeout: number;
}

export interface ManagerOptions {
  /** Path of the bridge. Default: "/bridge". */
  path: string;
  /** Query string of the WebSocket's URL; the server's application finds it in `handshake.query`. */
  query: Query;
  /** Whether to connect at once. Default: true. */
  autoConnect: boolean;
  /** Whether to reconnect. Default: true. */
  reconnection: boolean;
  /** How many attempts to make before giving up. Default: no limit. */
  reconnectionAttempts: number;
  /** Milliseconds before the first attempt; doubled each time. Default: 1000. */
  reconnectionDelay: number;
  /** Milliseconds before any attempt, at most. Default: 5000. */
  reconnectionDelayMax: number;
  /** By what part of itself a delay may be shorter or longer, from 0 to 1. Default: 0.5. */
  randomizationFactor: number;
  /** Milliseconds that a connection attempt may take; false for no limit. Default: 20000. */
  timeout: number | false;
  /** The WebSocket class. Default: the global one. Node before version 22 has none: pass the one of `ws`. */
  WebSocket: WebSocketClass;
  /**
   * The ways to the server that may be used, of "websocket", "sse" and "polling"; their order means nothing, and other names are ignored. Default:
   * all three. The WebSocket is tried first; where it is refused, the bridge over HTTP is, with a stream of server-sent events or by polling.
   */
  transports: readonly string[];
  /** What makes HTTP requests, where the WebSocket is refused. Default: the global one. */
  fetch: typeof globalThis.fetch;
  /** Whether requests to another origin have cookies. The server has to name this origin. Default: false. */
  withCredentials: boolean;
  /** Request headers: of HTTP, and for a WebSocket class that takes `{headers}` as its third argument, as the one of `ws` does. */
  extraHeaders: Readonly<Record<string, string>>;
  /** WebSocket subprotocols to offer. Default: "crossroom.v1". */
  protocols: string | string[];
}

/** What `io()` alone looks at. */
export interface LookupOptions {
  /** Make a connection of its own. Default: false. */
  forceNew: boolean;
  /** Whether several namespaces of a server share one connection. Default: true. */
  multiplex: boolean;
}

/** Options of socket.io-client that choose among its transports: accepted, so that they need not be taken out, and ignored. */
export interface IgnoredOptions {
  upgrade: unknown;
  rememberUpgrade: unknown;
}

/** All that `io()` takes. */
export type Options = Partial<ManagerOptions & SocketOptions & LookupOptions & IgnoredOptions>;
