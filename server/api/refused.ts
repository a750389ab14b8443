/** A call that is refused, before anybody has made an answer of it. */
import type { ApiErrorCode } from "./errors.js";

/** `retryAfter`: milliseconds before which the call will not succeed. */
export interface Refused {
  ok: false;
  error: ApiErrorCode;
  detail?: string;
  retryAfter?: number;
}

export function refused(error: ApiErrorCode, detail?: string, retryAfter?: number): Refused {
  return {
    ok: false,
    error,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}
