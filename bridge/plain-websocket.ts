/** The WebSocket of a plain client: one of `ws`, that tells its connection what happens without an event listener. */
import { WebSocket } from "ws";
import type { WebSocketConnection } from "./websocket-connection.js";

/**
 * Listeners would be kept in a table for each WebSocket, which is a large part of an idle connection's memory. `ws`
 * reports everything through `emit`, so that is where the connection listens; nobody else has this WebSocket.
 */
export class PlainWebSocket extends WebSocket {
  /** Set as soon as the handshake is over. */
  connection: WebSocketConnection | undefined;

  override emit(event: string | symbol, ...[first, second]: unknown[]): boolean {
    const { connection } = this;
    if (connection === undefined) return false;
    switch (event) {
      case "message":
        // With the binaryType that `ws` has unless told otherwise, messages are Buffers.
        connection.onMessage(first as Buffer, second as boolean);
        return true;
      case "ping":
        connection.onPing(first as Buffer);
        return true;
      case "pong":
        connection.onPong();
        return true;
      case "error":
        connection.onError(first as Error);
        return true;
      case "close":
        connection.onClose();
        return true;
      default:
        return false;
    }
  }
}
