/** The library's own events of a socket. Types only. */

import type { CloseDetails, CloseReason } from "./lifecycle.js";

/** Why a socket was disconnected, in socket.io-client's words. */
export type DisconnectReason = CloseReason | "io server disconnect" | "io client disconnect";

/** An error of the server's application has the `data` that it was given there. */
export interface ConnectError extends Error {
  data?: unknown;
}

export interface SocketReservedEvents {
  connect: () => void;
  /** Not connected: `socket.active` says whether it will be tried again. */
  connect_error: (error: ConnectError) => void;
  disconnect: (reason: DisconnectReason, details?: CloseDetails) => void;
}
