/** The errors that the client makes. Imports nothing. */

/** The WebSocket could not be opened, or broke. Named and shaped as socket.io-client's. */
export class TransportError extends Error {
  readonly type = "TransportError";
  /** What the WebSocket said of it. */
  readonly description: unknown;
  /** HTTP status of the refused upgrade, where the WebSocket class tells (the one of `ws` does, browsers do not). */
  readonly status: number | undefined;

  constructor(message: string, description?: unknown, status?: number) {
    super(message);
    this.name = "TransportError";
    this.description = description;
    this.status = status;
  }
}

/**
 * The server refused a frame (an `error` frame, PROTOCOL.md section 7), or the client refused one before or after
 * the wire: then `code` is `malformed_frame` (the server sent one) or `payload_too_large` (nothing was sent).
 */
export class ProtocolError extends Error {
  readonly code: string;
  /** The namespace and the ack id of the refused frame, where known. */
  readonly ns: string | undefined;
  readonly id: number | undefined;

  constructor(code: string, message: string, ns?: string, id?: number) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
    this.ns = ns;
    this.id = id;
  }
}

/** What was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
