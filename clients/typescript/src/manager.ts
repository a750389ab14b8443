/** The manager: a connection, and the sockets of its namespaces. */

import { Connection } from "./connection.js";
import { realEnvironment, type Environment } from "./environment.js";
import type { DefaultEventsMap } from "./event-types.js";
import type { ManagerOptions, Options, SocketOptions } from "./options.js";
import { Socket, type SocketManager } from "./socket.js";
import type { Target } from "./attempt.js";
import { httpUrl, parseUrl, socketUrl, type PageLocation, type ServerUrl } from "./url.js";
import { waysOf } from "./ways.js";
import type { WebSocketClass } from "./websocket-transport.js";

/** Path of the bridge, unless an option says otherwise. */
export const DEFAULT_PATH = "/bridge";

/** All ways, which are tried in this order. */
const DEFAULT_TRANSPORTS = ["websocket", "sse", "polling"];

/** The version of the protocol that is spoken, as a WebSocket subprotocol (PROTOCOL.md, 1.2). */
export const PROTOCOL = "crossroom.v1";

export class Manager extends Connection implements SocketManager {
  /** Looked at at each connection attempt: listeners of `reconnect_attempt` may change them. */
  readonly opts: Options;
  readonly autoConnect: boolean;

  readonly #sockets = new Map<string, Socket>();

  /**
   * @param uri of the server; a path in it is ignored.
   * @throws TypeError for a URL that is not one of a server, and for `transports` that name none.
   * @throws Error where there is no WebSocket class.
   */
  constructor(uri?: string | Options, options: Options = {}, environment: Environment = realEnvironment) {
    const opts = typeof uri === "object" ? uri : options;
    const server = parseUrl(typeof uri === "object" ? undefined : uri, opts.path ?? DEFAULT_PATH, page());
    const target = (isStripped: boolean): Target => targetOf(server, opts, isStripped);
    target(false); // for its errors: what is missing now is missing at each attempt
    super(opts, { environment, target });
    this.opts = opts;
    this.autoConnect = opts.autoConnect !== false;
    if (this.autoConnect) this.open();
  }

  /** The socket of a namespace: the one that there is, connected again if need be, or a new one. */
  socket<ListenEvents extends object = DefaultEventsMap, EmitEvents extends object = ListenEvents>(
    nsp: string,
    options?: Partial<SocketOptions>,
  ): Socket<ListenEvents, EmitEvents> {
    const known = this.#sockets.get(nsp);
    const socket = known ?? new Socket(this, nsp, options);
    if (!known) this.#sockets.set(nsp, socket);
    else if (this.autoConnect && !known.active) known.connect();
    // The maps of events are the caller's word, and exist at compile time only.
    return socket as unknown as Socket<ListenEvents, EmitEvents>;
  }

  /** Whether a namespace has a socket. */
  has(nsp: string): boolean {
    return this.#sockets.has(nsp);
  }
}

/** The page's location, in a browser. */
export function page(): PageLocation | undefined {
  return typeof location === "undefined" ? undefined : location;
}

function targetOf(server: ServerUrl, opts: Options, isStripped: boolean): Target {
  const fetch = opts.fetch ?? (globalThis as { fetch?: typeof globalThis.fetch }).fetch;
  const ways = waysOf(opts.transports ?? DEFAULT_TRANSPORTS, fetch !== undefined);
  const path = opts.path ?? DEFAULT_PATH;
  return {
    ways,
    WebSocket: ways.includes("websocket") ? webSocketClass(opts) : undefined,
    // Called as a function: a page's own takes no other receiver.
    fetch: fetch && ((url, init) => fetch(url, init)),
    socketUrl: socketUrl(server, path, opts.query),
    httpUrl: httpUrl(server, path, opts.query),
    address: httpUrl(server, path, undefined),
    protocols: opts.protocols ?? (isStripped ? [] : PROTOCOL),
    headers: opts.extraHeaders,
    withCredentials: opts.withCredentials === true,
  };
}

function webSocketClass(opts: Partial<ManagerOptions>): WebSocketClass {
  const found = opts.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found) return found;
  throw new Error(
    "there is no global WebSocket (Node has one from version 22): pass a class as option WebSocket, or transports without websocket",
  );
}
