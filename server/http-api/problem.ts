/** What is wrong with a request, as RFC 9457 has it told: one closed table of codes, the room API's and those of HTTP alone. */
import { API_ERRORS, type ApiErrorCode } from "../api/errors.js";
import { RoomsError } from "../api/rooms-error.js";

/** Codes that only the HTTP API has. docs/http-api.md's table is checked against this by a test. */
export const HTTP_ERRORS = {
  not_found: { message: "There is nothing at this path.", retryable: false, status: 404 },
  method_not_allowed: { message: "This method is not answered here.", retryable: false, status: 405 },
  request_timeout: { message: "The body did not come in time.", retryable: true, status: 408 },
  body_too_large: {
    message: "The body is larger than this server takes here.",
    retryable: false,
    status: 413,
  },
  unsupported_media_type: {
    message: "The body is not of a kind that is taken here.",
    retryable: false,
    status: 415,
  },
} as const satisfies Record<string, { message: string; retryable: boolean; status: number }>;

/**
 * The room API's codes as they are here: with a status, and a title where the room API's message speaks to a client. Those that concern a
 * connection of the caller's own are not met.
 */
export const STATUS_OF: Readonly<Record<ApiErrorCode, number>> = {
  invalid_argument: 400,
  unknown_event: 400,
  unauthorized: 401,
  token_expired: 401,
  token_revoked: 401,
  forbidden: 403,
  not_joined: 409,
  too_many_rooms: 409,
  too_many_devices: 409,
  room_full: 409,
  message_too_large: 413,
  rate_limited: 429,
  unknown_position: 404,
  inbox_full: 409,
  inbox_not_open: 409,
  overloaded: 503,
  unavailable: 503,
  internal: 500,
};

const TITLES: Partial<Record<ApiErrorCode, string>> = {
  invalid_argument: "The request lacks something, or has something of the wrong shape.",
  unauthorized: "The key is not valid, or there is none.",
  token_expired: "The key has expired.",
  token_revoked: "The token was revoked.",
  forbidden: "This key may not do this here.",
  unknown_position: "What follows this position is not kept any more.",
  unavailable: "The server cannot do this at the moment, and nothing was changed.",
};

export type ProblemCode = ApiErrorCode | keyof typeof HTTP_ERRORS;

/** One field that is wrong: where it is, and how. */
export interface FieldError {
  field: string;
  message: string;
}

export interface ProblemOptions {
  headers?: Readonly<Record<string, string>>;
  errors?: readonly FieldError[];
  /** Milliseconds before which the same request will not succeed. */
  retryAfter?: number | undefined;
}

/** The body of an answer that is a problem. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  retryable: boolean;
  errors?: readonly FieldError[];
}

/** A request that is refused. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemBody;

  /** @param detail What is wrong, and what to do; default: the table's message. */
  constructor(code: ProblemCode, detail?: string, { headers = {}, errors, retryAfter }: ProblemOptions = {}) {
    const { title, retryable, status } = meaningOf(code);
    super(detail ?? title);
    this.code = code;
    // RFC 9110, 10.2.3: whole seconds.
    const wait = String(Math.max(1, Math.ceil((retryAfter ?? 0) / 1_000)));
    this.headers = status === 429 || status === 503 ? { "retry-after": wait, ...headers } : headers;
    this.body = {
      type: `urn:crossroom:error:${code}`,
      ...{ title, status, detail: this.message, code, retryable },
      ...(errors === undefined ? {} : { errors }),
    };
  }
}

/** What the tables say of a code. */
export function meaningOf(code: ProblemCode): { title: string; retryable: boolean; status: number } {
  if (isHttpCode(code)) return { title: HTTP_ERRORS[code].message, ...HTTP_ERRORS[code] };
  const { message, retryable } = API_ERRORS[code];
  return { title: TITLES[code] ?? message, retryable, status: STATUS_OF[code] };
}

/** What an error is to the caller; undefined for one that nobody has foreseen. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof RoomsError)
    return new Problem(error.code, error.message, { retryAfter: error.retryAfter });
  return undefined;
}

function isHttpCode(code: ProblemCode): code is keyof typeof HTTP_ERRORS {
  return Object.hasOwn(HTTP_ERRORS, code);
}
