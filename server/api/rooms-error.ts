/** A refusal of the closed table as an error, for programs that hold a rooms server. */
import { apiError, type ApiErrorCode } from "./errors.js";

export class RoomsError extends Error {
  override readonly name = "RoomsError";
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds before which it will not, where that is known. */
  readonly retryAfter: number | undefined;

  /** @param detail Replaces the table's message where more can be said. */
  constructor(
    /** Of the closed table in api/errors.ts. */
    readonly code: ApiErrorCode,
    detail?: string,
    { retryAfter, cause }: { retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    const error = apiError(code, detail);
    super(error.message, { cause });
    this.retryable = error.retryable;
    this.retryAfter = retryAfter;
  }
}
