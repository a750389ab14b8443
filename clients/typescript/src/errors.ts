/** The errors that the client makes. Imports nothing. */

/** The WebSocket could not be opened, or broke. Named and shaped as socket.io-client's. */
export class TransportError extends Error {
  readonly type = "TransportError";
  /** What the WebSocket said of it. */
  readonly description: unknown;
  /** HTTP status of the refused upgrade, where the WebSocket class tells (the one of `ws` does, browsers do not). */
  readonly status: number | undefined;
  /** Milliseconds to wait before another attempt, where the refusal says so and the class tells. */
  readonly retryAfter: number | undefined;

  constructor(message: string, description?: unknown, { status, retryAfter }: UpgradeRefusal = {}) {
    super(message);
    this.name = "TransportError";
    this.description = description;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** What is known of a refused upgrade. */
export interface UpgradeRefusal {
  readonly status?: number | undefined;
  readonly retryAfter?: number | undefined;
}

/** An event was not sent, as no server would take it, or JSON cannot carry it. A TypeError, as JSON.stringify throws. */
export class UnsendableError extends TypeError {
  readonly code = "invalid_argument";
}

/**
 * The server refused a frame (an `error` frame, PROTOCOL.md section 7), or the client refused one before or after
 * the wire: then `code` is `malformed_frame` (the server sent one), `payload_too_large` (nothing was sent) or `closed` (what
 * waited was not sent any more).
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
