/** The manager: a connection, and the sockets of its namespaces. */

import { Connection } from "./connection.js";
import { realEnvironment, type Environment } from "./environment.js";
import type { DefaultEventsMap } from "./event-types.js";
import type { ManagerOptions, Options, SocketOptions } from "./options.js";
import { Socket, type SocketManager } from "./socket.js";
import type { Target, WebSocketClass } from "./transport.js";
import { parseUrl, socketUrl, type PageLocation, type ServerUrl } from "./url.js";

/** Path of the bridge, unless an option says otherwise. */
export const DEFAULT_PATH = "/bridge";

/** The version of the protocol that is spoken, as a WebSocket subprotocol (PROTOCOL.md, 1.2). */
export const PROTOCOL = "crossroom.v1";

export class Manager extends Connection implements SocketManager {
  /** Looked at at each connection attempt: listeners of `reconnect_attempt` may change them. */
  readonly opts: Options;
  readonly autoConnect: boolean;

  readonly #sockets = new Map<string, Socket>();

  /**
   * @param uri of the server; a path in it is ignored.
   * @throws TypeError for a URL that is not one of a server.
   * @throws Error where there is no WebSocket class.
   */
  constructor(uri?: string | Options, options: Options = {}, environment: Environment = realEnvironment) {
    const opts = typeof uri === "object" ? uri : options;
    const server = parseUrl(typeof uri === "object" ? undefined : uri, opts.path ?? DEFAULT_PATH, page());
    const WebSocket = webSocketClass(opts);
    super(opts, { environment, target: (isStripped) => targetOf(server, opts, WebSocket, isStripped) });
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

function targetOf(
  server: ServerUrl,
  opts: Partial<ManagerOptions>,
  WebSocket: WebSocketClass,
  isStripped: boolean,
): Target {
  return {
    WebSocket,
    url: socketUrl(server, opts.path ?? DEFAULT_PATH, opts.query),
    protocols: opts.protocols ?? (isStripped ? [] : PROTOCOL),
    headers: opts.extraHeaders,
  };
}

function webSocketClass(opts: Partial<ManagerOptions>): WebSocketClass {
  const found = opts.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (found) return found;
  throw new Error(
    "there is no global WebSocket (Node has one from version 22): pass a class as option WebSocket",
  );
}
