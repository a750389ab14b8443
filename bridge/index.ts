/**
 * The bridge: plain JSON WebSockets as clients of a Socket.IO server.
 *
 * @example
 * const io = new Server(httpServer);
 * attachBridge(io, httpServer);
 */
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { BridgeEngine } from "./engine.js";
import { SocketIOHost, type SocketIOServer } from "./host.js";
import { parseOptions, type BridgeOptions } from "./options.js";

export { addressGroup } from "./addresses.js";
export { CLOSE_CODES, REFUSALS, type CloseCode, type Refusal } from "./close-codes.js";
export { closeWith } from "./close-with.js";
export { BridgeCloseError } from "./connection.js";
export { ERROR_CODES, type ClientFrame, type ErrorCode, type ServerFrame } from "./frames.js";
export { GatheringWebSocketServer } from "./fanout/gathering-websocket.js";
export { bridgesOn } from "./engine.js";
export type { SocketIOServer } from "./host.js";
export {
  DEFAULT_PATH,
  type Authenticate,
  type AuthenticateRefusal,
  type BridgeOptions,
  type HttpOptions,
} from "./options.js";
export { emitKnown } from "./fanout/known-json.js";
export { RoomAdapter } from "./fanout/room-adapter.js";

/** A bridge that is attached. */
export interface Bridge {
  /** How many plain clients are connected through it. */
  readonly clientsCount: number;
  /** Takes no more clients, and closes those that there are with 4501. `io.close()` closes them as well. */
  close(): void;
}

/**
 * Lets plain WebSocket clients be clients of a Socket.IO server, as PROTOCOL.md says. Before or after `io.attach`;
 * more than one on different paths is fine.
 *
 * @throws TypeError where an option is wrong, where the path lies below Socket.IO's own or has a bridge already, or where
 * the server has a custom parser without `Encoder` and `Decoder`.
 */
export function attachBridge(
  io: SocketIOServer,
  httpServer: HttpServer | HttpsServer,
  options: BridgeOptions = {},
): Bridge {
  return new BridgeEngine(new SocketIOHost(io), httpServer, parseOptions(options));
}
