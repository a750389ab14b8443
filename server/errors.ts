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
  not_joined: {
    message: "This connection is not in the room. Join it first.",
    retryable: false,
  },
  too_many_rooms: {
    message: "This connection is in as many rooms as it may be. Leave one first.",
    retryable: false,
  },
  internal: {
    message: "The server failed. Its log says why; try again later.",
    retryable: true,
  },
} as const satisfies Record<string, { message: string; retryable: boolean }>;

export type ApiErrorCode = keyof typeof API_ERRORS;

/** The error as it goes into an ack; `detail` replaces the table's message where more can be said. */
export function apiError(code: ApiErrorCode, detail?: string) {
  const { message, retryable } = API_ERRORS[code];
  return { code, message: detail ?? message, retryable };
}
