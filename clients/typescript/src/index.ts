/**
 * The plain-WebSocket client: socket.io-client's API over the frames of the bridge (PROTOCOL.md), with no
 * dependencies, for browsers and Node.
 */

import type { DefaultEventsMap } from "./event-types.js";
import { DEFAULT_PATH, Manager, page, PROTOCOL } from "./manager.js";
import type { Options } from "./options.js";
import { Socket } from "./socket.js";
import { parseUrl } from "./url.js";

/** Managers by endpoint, so that namespaces of one server share a connection. */
const managers = new Map<string, Manager>();

/**
 * A socket for the namespace in the URL's path, on a connection that is shared with other namespaces of the server.
 * @param uri of the server and the namespace; on a page, the page's server if left out.
 * @throws TypeError for a URL that is not one of a server; Error where there is no WebSocket class.
 */
function lookup<ListenEvents extends object = DefaultEventsMap, EmitEvents extends object = ListenEvents>(
  uri?: string | Options,
  options: Options = {},
): Socket<ListenEvents, EmitEvents> {
  // Own properties alone: what a page has put on Object.prototype is no option.
  const opts = Object.assign(Object.create(null) as Options, typeof uri === "object" ? uri : options);
  const address = typeof uri === "object" ? undefined : uri;
  const { id, path } = parseUrl(address, opts.path ?? DEFAULT_PATH, page());
  const shared = managers.get(id);
  // A second socket for a namespace needs a connection of its own: a connection has each namespace once.
  const isAlone = opts.forceNew === true || opts.multiplex === false || shared?.has(path) === true;
  const manager = (isAlone ? undefined : shared) ?? new Manager(address, opts);
  if (!isAlone) managers.set(id, manager);
  return manager.socket<ListenEvents, EmitEvents>(path, opts);
}

/** `io(...)`, which is also `io.connect(...)`, with the classes as its properties. */
export const io = Object.assign(lookup, { Manager, Socket, io: lookup, connect: lookup });
export { lookup as connect, Manager, PROTOCOL as protocol, Socket };
export default io;

export { ProtocolError, TransportError, UnsendableError } from "./errors.js";
export type { DefaultEventsMap } from "./event-types.js";
export type { Auth, ManagerOptions, Options, SocketOptions } from "./options.js";
export type { CloseDetails, CloseReason } from "./lifecycle.js";
export type { ManagerReservedEvents } from "./settings.js";
export type { ConnectError, DisconnectReason, SocketReservedEvents } from "./socket-events.js";
export type { TransportName } from "./transport.js";
export type { WebSocketClass, WebSocketLike } from "./websocket-transport.js";
