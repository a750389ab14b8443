/** What answers of the server, or of something on the way, mean for a session (PROTOCOL.md, 12.2, 12.6, 12.9, 12.10 and 12.16). Pure. */
import { fieldsOf, isCount } from "./event-stream.js";

/** An answer that has come whole. */
export interface Answer {
  /** 0 for a redirect that the platform does not show. */
  readonly status: number;
  readonly body: string;
  /** Milliseconds of its `Retry-After`, where it has one. */
  readonly retryAfter: number | undefined;
}

/** What the opening says. Times in milliseconds, `maxPayload` in bytes. */
export interface SessionTerms {
  readonly session: string;
  readonly pingInterval: number;
  readonly pingTimeout: number;
  readonly maxPayload: number;
  readonly resumeTimeout: number;
}

export type OpeningVerdict =
  | { readonly is: "open"; readonly terms: SessionTerms }
  /** By the bridge, as it would refuse an upgrade (1.3). */
  | {
      readonly is: "refused";
      readonly status: number;
      readonly message: string;
      readonly retryAfter: number | undefined;
    }
  /** There is no bridge over HTTP at this address. */
  | { readonly is: "absent"; readonly status: number }
  /** Something on the way is out of order: it says nothing of the bridge. */
  | { readonly is: "unanswered"; readonly retryAfter: number | undefined };

export type Verdict =
  /** So many lines came. */
  | { readonly is: "received"; readonly received: number }
  /** It is no answer: the request is to be sent again. */
  | { readonly is: "again"; readonly retryAfter: number | undefined }
  /** The session is closed, with a close code. */
  | { readonly is: "closed"; readonly code: number; readonly reason: string }
  /** There is no such session any more, or it is of no use: another is to be opened. */
  | { readonly is: "gone" }
  /** What followed is kept no more: the session is to be left, and another to be opened. */
  | { readonly is: "unresumable" }
  /** The session is given up, and it is as if the upgrade had been refused with this status. */
  | { readonly is: "refused"; readonly status: number; readonly retryAfter: number | undefined };

/** Codes with which the bridge refuses a client (1.3); a test checks them against the bridge's. */
export const REFUSALS: ReadonlySet<string> = new Set([
  "bad_handshake",
  "unauthorized",
  "forbidden",
  "origin_not_allowed",
  "too_many_connections_from_address",
  "too_many_connections",
  "overloaded",
  "upgrade_timeout",
  "shutting_down",
]);

/** Statuses that ask for the same request again (12.10), beside 5xx. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 421, 425, 429]);

const NO_ANSWER: Verdict = { is: "again", retryAfter: undefined };

export function judgeOpening({ status, body, retryAfter }: Answer): OpeningVerdict {
  if (status === 201) {
    const terms = termsOf(body);
    return terms === undefined ? { is: "absent", status } : { is: "open", terms };
  }
  const { code, message } = errorOf(body);
  if (typeof code === "string" && REFUSALS.has(code)) {
    return { is: "refused", status, message: typeof message === "string" ? message : code, retryAfter };
  }
  return isTemporary(status) ? { is: "unanswered", retryAfter } : { is: "absent", status };
}

/** Of a POST, and of a GET that has no events. */
export function judge({ status, body, retryAfter }: Answer): Verdict {
  if (status === 200) {
    const { received } = fieldsOf(body);
    return isCount(received) ? { is: "received", received } : NO_ANSWER;
  }
  // Where it is not as the bridge says it, it is something else's on the way.
  const error = errorOf(body);
  switch (`${status} ${typeof error["code"] === "string" ? error["code"] : ""}`) {
    case "400 bad_request":
    case "400 no_session":
    case "404 unknown_session":
    case "405 method_not_allowed":
      return { is: "gone" };
    case "409 out_of_order":
      return isCount(error["received"]) ? { is: "received", received: error["received"] } : NO_ANSWER;
    case "409 superseded":
      return NO_ANSWER;
    case "410 closed":
      return closeOf(error["close"]);
    case "410 cannot_resume":
      return { is: "unresumable" };
    case "413 message_too_big":
      return { is: "closed", code: 1009, reason: "message too big" };
  }
  if (isTemporary(status)) return { is: "again", retryAfter };
  return status > 200 && status < 300 ? NO_ANSWER : { is: "refused", status, retryAfter };
}

function isTemporary(status: number): boolean {
  return status >= 500 || TEMPORARY.has(status);
}

function closeOf(close: unknown): Verdict {
  const { code, reason } = (typeof close === "object" ? (close ?? {}) : {}) as Record<string, unknown>;
  if (!isCount(code)) return { is: "gone" };
  return { is: "closed", code, reason: typeof reason === "string" ? reason : "" };
}

function errorOf(body: string): Readonly<Record<string, unknown>> {
  const { error } = fieldsOf(body);
  return typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
}

function termsOf(body: string): SessionTerms | undefined {
  const { session, pingInterval, pingTimeout, maxPayload, resumeTimeout } = fieldsOf(body);
  if (typeof session !== "string" || !/^[\w.-]{1,128}$/.test(session)) return undefined;
  if (!isAmount(pingInterval) || !isAmount(pingTimeout) || !isAmount(maxPayload)) return undefined;
  return isAmount(resumeTimeout)
    ? { session, pingInterval, pingTimeout, maxPayload, resumeTimeout }
    : undefined;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}
