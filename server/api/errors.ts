/**
 * Every error that the room API can answer, in one closed table. docs/rooms-api.md's table is checked against it by
 * a test. Imports nothing.
 */

export const API_ERRORS = {
  invalid_argument: {
    message: "The argument is missing or has the wrong shape.",
    retryable: false,
  },
  unknown_event: {
    message: "This server has no such event.",
    retryable: false,
  },
  unauthorized: {
    message: "The token is not valid, or there is none and this server takes no guests. Connect with one.",
    retryable: false,
  },
  token_expired: {
    message: "The token has expired. Get a new one.",
    retryable: false,
  },
  token_revoked: {
    message: "The token was revoked. Sign in again.",
    retryable: false,
  },
  forbidden: {
    message: "This user may not do this here.",
    retryable: false,
  },
  not_joined: {
    message: "This connection is not in the room. Join it first.",
    retryable: false,
  },
  too_many_rooms: {
    message: "This connection is in as many rooms as it may be. Leave one first.",
    retryable: false,
  },
  too_many_devices: {
    message: "This user is in the room with as many devices as they may be. Leave it with one first.",
    retryable: false,
  },
  room_full: {
    message: "The room has as many members as it may have. Try again later.",
    retryable: true,
  },
  message_too_large: {
    message: "The message is larger than this server takes. Send less at once.",
    retryable: false,
  },
  rate_limited: {
    message: "This user, address or room does more than this server takes. Try again in a moment.",
    retryable: true,
  },
  unknown_position: {
    message: "What follows this position is not kept any more. Join anew, without it.",
    retryable: false,
  },
  inbox_full: {
    message: "The recipient's inbox is full. Try again when they have read it.",
    retryable: true,
  },
  inbox_not_open: {
    message: "This connection has not opened its inbox. Call inbox first.",
    retryable: false,
  },
  overloaded: {
    message: "Too many calls of this connection are waiting. Wait for acks before you send more.",
    retryable: true,
  },
  unavailable: {
    message: "The server cannot store anything at the moment, and nothing was changed. Try again later.",
    retryable: true,
  },
  internal: {
    message: "The server failed. Its log says why; try again later.",
    retryable: true,
  },
} as const satisfies Record<string, { message: string; retryable: boolean }>;

export type ApiErrorCode = keyof typeof API_ERRORS;

/**
 * The error as it goes into an ack; `detail` replaces the table's message where more can be said, and `retryAfter` says in how
 * many milliseconds the call may succeed.
 */
export function apiError(code: ApiErrorCode, detail?: string, retryAfter?: number) {
  const { message, retryable } = API_ERRORS[code];
  const error = { code, message: detail ?? message, retryable };
  return retryAfter === undefined ? error : { ...error, retryAfter };
}
