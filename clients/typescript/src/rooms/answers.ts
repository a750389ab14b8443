/**
 * Whether what the server says is what docs/rooms-api.md says that it is. All of it is looked at before it is used, so that a broken or
 * hostile server upsets nothing. Pure.
 */
import type { CallName, NoticeName } from "./wire.js";

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isTruth: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isAnything: Check = () => true;

/** An object that has all of these fields, as they are said to be. */
function has(checks: Readonly<Record<string, Check>>): Check {
  const all = Object.entries(checks);
  return (value) => isFields(value) && all.every(([name, check]) => check(value[name]));
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

function oneOf(...values: unknown[]): Check {
  return (value) => values.includes(value);
}

const isPosition = has({ epoch: isText, offset: isCount });
const isDevice = has({ id: isText, sid: isText, transport: isText });
const isMember = has({ user: isText, name: isText, devices: listOf(isDevice) });
const isChange = has({
  type: oneOf("join", "update", "leave"),
  member: isMember,
  gone: optional(listOf(isText)),
});
const isSender = has({ user: isText, name: isText, sid: isText, transport: isText });
const isMessage = has({ room: isText, id: isText, position: isPosition, from: isSender, at: isNumber });
const isPage = has({ messages: listOf(isMessage), more: isTruth });
const isItem = has({ type: isText, id: isText, position: isPosition, at: isNumber });

export const isApiError = has({
  code: isText,
  message: isText,
  retryable: isTruth,
  retryAfter: optional(isNumber),
});

/** The result of each call. */
const RESULTS: Readonly<Record<CallName, Check>> = {
  join: has({
    position: isPosition,
    members: optional(listOf(isMember)),
    count: isCount,
    recovered: optional(isTruth),
    messages: optional(listOf(isMessage)),
    history: optional(isPage),
  }),
  leave: isAnything,
  publish: has({ position: isPosition, at: isNumber }),
  signal: isAnything,
  history: isPage,
  presence: has({ members: listOf(isMember), count: isCount, more: isTruth }),
  send: has({ at: isNumber }),
  inbox: has({ cursor: isPosition, waiting: isCount, recovered: optional(isTruth) }),
  inbox_ack: isAnything,
  refresh: has({ expiresAt: optional(isNumber) }),
};

/** What each event says. */
const NOTICES: Readonly<Record<NoticeName, Check>> = {
  welcome: has({
    user: isText,
    name: isText,
    sid: isText,
    device: isText,
    guest: isTruth,
    token: optional(isText),
    expiresAt: optional(isNumber),
    messageBytes: optional(isCount),
  }),
  message: isMessage,
  signal: has({ room: isText, from: isSender, at: isNumber }),
  presence: has({
    room: isText,
    count: isCount,
    changes: optional(listOf(isChange)),
    members: optional(listOf(isMember)),
  }),
  inbox: (value) =>
    isItem(value) &&
    ((value as Fields)["type"] === "message"
      ? has({ from: isSender })(value)
      : has({ type: oneOf("receipt"), from: has({ user: isText }) })(value)),
  token_expiring: has({ expiresAt: isNumber }),
  token_renewed: has({ token: isText, sid: optional(isText), device: optional(isText) }),
  session_end: has({ error: isApiError }),
  device_taken: has({ sid: isText }),
  device_returned: has({}),
};

/** Whether it is an answer to this call: a result or a refusal. */
export function isAnswer(name: CallName, answer: unknown): boolean {
  if (!isFields(answer)) return false;
  if (answer["ok"] === true) return RESULTS[name](answer);
  return answer["ok"] === false && isApiError(answer["error"]);
}

/** Whether it is what this event says. */
export function isNotice(name: NoticeName, value: unknown): boolean {
  return NOTICES[name](value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
