/** Closing a plain client's connection with a code that says why. */
import type { CloseCode } from "./close-codes.js";
import { Connection } from "./connection.js";

/**
 * Closes the connection of a socket, with all its namespaces, after what was sent to it so far. A client that comes over
 * one of Socket.IO's own transports cannot be told a code: false, and nothing is done.
 * @param close With a code from 4000 to 4999: up to 4499 for clients that are not to reconnect.
 */
export function closeWith(socket: { conn: unknown }, close: CloseCode): boolean {
  const { conn } = socket;
  if (!(conn instanceof Connection)) return false;
  conn.violate(close);
  return true;
}
