/** The errors of the rooms layer. */
import type { ApiError } from "./wire.js";
import type { ClientErrorCode, RoomsErrorLike } from "./api.js";

/** `code` is one of docs/rooms-api.md, 11, or a `ClientErrorCode`. */
export class RoomsError extends Error implements RoomsErrorLike {
  /** Milliseconds before which the same call must not be made again, where the server says so. */
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: string,
    message: string,
    /** Whether the same call may succeed later without the caller doing anything. */
    readonly retryable = false,
    { retryAfter, ...options }: ErrorOptions & { retryAfter?: number | undefined } = {},
  ) {
    super(message, options);
    this.retryAfter = retryAfter;
    this.name = "RoomsError";
  }
}

/** What the server answered, as an error to throw. */
export function fromServer({ code, message, retryable, retryAfter }: ApiError): RoomsError {
  return new RoomsError(code, message, retryable, { retryAfter });
}

const MESSAGES = {
  closed: "The rooms were closed. Make new ones with createRooms.",
  too_many_pending: "As many publishes and sends as `maxPending` wait for their acks. Wait for some of them.",
  too_slow: "The iterator lagged behind by more than `maxLag` messages. Read faster, or join again.",
  aborted: "The call was given up. Whether it was carried out is not known.",
  unconfirmed:
    "The connection was lost before the ack, for longer than the server remembers ids. Whether it was carried out is not known.",
  refused: "The server refused the connection.",
  bad_answer: "The server's answer is none. Whether the call was carried out is not known.",
  in_use: "The inbox has a processor already. It takes one at a time.",
} as const satisfies Record<ClientErrorCode, string>;

/** An error of the layer's own. `detail` replaces the usual message where more can be said. */
export function ownError(code: ClientErrorCode, detail?: string, options?: ErrorOptions): RoomsError {
  return new RoomsError(code, detail ?? MESSAGES[code], false, options);
}

/** What iterators fail with at the end of all: nothing where the application has closed the layer itself. */
export function unlessClosed(error: RoomsError): RoomsError | undefined {
  return error.code === "closed" ? undefined : error;
}
