/** A call that is refused, before anybody has made an answer of it. */
import type { ApiErrorCode } from "./errors.js";

/** `retryAfter`: milliseconds before which the call will not succeed. */
export interface Refused<Code extends ApiErrorCode = ApiErrorCode> {
  ok: false;
  error: Code;
  detail?: string;
  retryAfter?: number;
}

export function refused<Code extends ApiErrorCode>(
  error: Code,
  detail?: string,
  retryAfter?: number,
): Refused<Code> {
  return {
    ok: false,
    error,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}
