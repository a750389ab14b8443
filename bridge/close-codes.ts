/**
 * Every way in which the bridge ends or refuses a connection, in closed tables.
 * PROTOCOL.md's tables are checked against these by a test. Imports nothing.
 */

export interface CloseCode {
  /** WebSocket close code: 4000-4499 do not reconnect, 4500-4999 reconnect; others as RFC 6455, 7.4.1. */
  readonly code: number;
  /** The close frame's reason: one token, for logs and for matching. */
  readonly reason: string;
  /** Whether a client should reconnect by itself. */
  readonly reconnect: boolean;
  /** What happened, and what to do about it. */
  readonly description: string;
}

/** The WebSocket close codes that a client of the bridge can meet. */
export const CLOSE_CODES = {
  normal: {
    code: 1000,
    reason: "",
    reconnect: false,
    description: "The client closed the connection itself.",
  },
  websocketProtocolError: {
    code: 1002,
    reason: "",
    reconnect: false,
    description: "The client broke RFC 6455 (a bad frame header, say). Its WebSocket library is at fault.",
  },
  connectionLost: {
    code: 1006,
    reason: "",
    reconnect: true,
    description:
      "Never sent: what a WebSocket library reports when the connection ended without a close frame.",
  },
  invalidUtf8: {
    code: 1007,
    reason: "",
    reconnect: false,
    description: "A text message was not valid UTF-8.",
  },
  tooManyFragments: {
    code: 1008,
    reason: "",
    reconnect: false,
    description: "A message came in too many fragments. Send it in fewer, or whole.",
  },
  messageTooBig: {
    code: 1009,
    reason: "",
    reconnect: false,
    description: "A message was larger than `maxPayload`. Send less at once, or raise the server's limit.",
  },
  disconnected: {
    code: 4000,
    reason: "disconnected",
    reconnect: false,
    description: "The server disconnected every namespace of this connection on purpose.",
  },
  malformed: {
    code: 4400,
    reason: "malformed_frames",
    reconnect: false,
    description:
      "The client kept sending malformed frames. The `error` frames before this say what was wrong.",
  },
  tokenRevoked: {
    code: 4403,
    reason: "token_revoked",
    reconnect: false,
    description: "The rooms server takes the client's token no more. Sign in again.",
  },
  protocolViolation: {
    code: 4409,
    reason: "protocol_violation",
    reconnect: false,
    description:
      "A frame came that the state of the connection forbids; the `error` frame before this says which.",
  },
  forcedClose: {
    code: 4500,
    reason: "forced_close",
    reconnect: true,
    description: "The server's application closed the connection without disconnecting its namespaces.",
  },
  serverShutdown: {
    code: 4501,
    reason: "server_shutdown",
    reconnect: true,
    description: "The server is shutting down or restarting.",
  },
  pingTimeout: {
    code: 4502,
    reason: "ping_timeout",
    reconnect: true,
    description: "Nothing was heard from the client within `pingTimeout` of a ping.",
  },
  slowReader: {
    code: 4503,
    reason: "slow_reader",
    reconnect: true,
    description:
      "The client reads more slowly than the server sends, and the limit of buffered bytes is reached.",
  },
  tooManyMessages: {
    code: 4504,
    reason: "too_many_messages",
    reconnect: true,
    description:
      "The client sent more messages per second than the server allows. Send less, then reconnect.",
  },
  connectTimeout: {
    code: 4505,
    reason: "connect_timeout",
    reconnect: true,
    description: "No namespace was connected in time: the client sent no `connect`, or all were refused.",
  },
  tooManyPendingAcks: {
    code: 4506,
    reason: "too_many_pending_acks",
    reconnect: true,
    description: "The client left too many of the server's ack requests unanswered.",
  },
  tokenExpired: {
    code: 4507,
    reason: "token_expired",
    reconnect: true,
    description: "The client's token has expired. Reconnect with a new one.",
  },
} as const satisfies Record<string, CloseCode>;

export interface Refusal {
  /** HTTP status of the answer to the upgrade request. */
  readonly status: number;
  /** `error.code` of the JSON body. */
  readonly code: string;
  readonly description: string;
  /** Milliseconds after which it may be worth while to come back. */
  readonly retryAfter?: number;
}

/** The HTTP answers with which the bridge refuses an upgrade; the body is `{"error":{"code","message","retryAfter"?}}`. */
export const REFUSALS = {
  badHandshake: {
    status: 400,
    code: "bad_handshake",
    description: "Not a valid WebSocket handshake (RFC 6455, 4.2.1).",
  },
  unauthorized: {
    status: 401,
    code: "unauthorized",
    description: "The server's `authenticate` hook did not accept the request. Get new credentials.",
  },
  forbidden: {
    status: 403,
    code: "forbidden",
    description: "The server's `authenticate` or `allowRequest` hook, or a middleware, forbids the request.",
  },
  originNotAllowed: {
    status: 403,
    code: "origin_not_allowed",
    description: "The `Origin` header names an origin that the server does not allow.",
  },
  tooManyFromAddress: {
    status: 429,
    code: "too_many_connections_from_address",
    description: "The client's address has as many connections as it may. Close some, or try later.",
    retryAfter: 5_000,
  },
  tooManyConnections: {
    status: 503,
    code: "too_many_connections",
    description: "The server has as many connections as it may. Try later.",
    retryAfter: 5_000,
  },
  overloaded: {
    status: 503,
    code: "overloaded",
    description: "More clients come at once than the server can let in. Try later.",
    retryAfter: 5_000,
  },
  upgradeTimeout: {
    status: 503,
    code: "upgrade_timeout",
    description: "The server's `authenticate` hook did not answer in time. Try later.",
    retryAfter: 1_000,
  },
  shuttingDown: {
    status: 503,
    code: "shutting_down",
    description: "The server is shutting down. Try again.",
    retryAfter: 1_000,
  },
} as const satisfies Record<string, Refusal>;
