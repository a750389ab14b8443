/**
 * The JSON frames of the bridge (PROTOCOL.md, sections 2 to 4), and the parser for what a client sends.
 * Pure: a malformed frame is a value, never an exception.
 */
import { disinherit } from "./own-properties.js";

/** A frame from the client, normalised: `ns` is always there, `args` is always an array. */
export type ClientFrame =
  | { type: "connect"; ns: string; auth: Record<string, unknown>; pid?: string; offset?: string }
  | { type: "event"; ns: string; event: string; args: unknown[]; id?: number }
  | { type: "ack"; ns: string; id: number; args: unknown[] }
  | { type: "disconnect"; ns: string }
  | { type: "ping"; data?: unknown };

/** A token bucket: `burst` messages at once, and `perSecond` more each second. */
export interface MessageRate {
  perSecond: number;
  burst: number;
}

/** A frame to the client, as it stands on the wire: `ns` is left out for `/`. */
export type ServerFrame =
  | {
      type: "connected";
      ns?: string;
      sid: string;
      pid?: string;
      recovered?: boolean;
      /** Milliseconds between two pings of the server. */
      pingInterval: number;
      /** Milliseconds that the server waits for a sign of life after a ping. */
      pingTimeout: number;
      /** Bytes that one message of the client may have. */
      maxPayload: number;
      /** The messages that the client may send (PROTOCOL.md, 9). */
      rate?: MessageRate;
    }
  | { type: "connect_error"; ns?: string; message: string; data?: unknown }
  | { type: "event"; ns?: string; event: string; args: unknown[]; id?: number; offset?: string }
  | { type: "ack"; ns?: string; id: number; args: unknown[] }
  | { type: "disconnect"; ns?: string; reason?: string }
  | { type: "error"; code: ErrorCode; message: string; ns?: string; id?: number }
  | { type: "pong"; data?: unknown };

/** What an `error` frame can say. `malformed` ones count towards the limit, `fatal` ones are followed by a close. */
export const ERROR_CODES = {
  invalid_json: { malformed: true, fatal: false, description: "The message is not JSON." },
  invalid_frame: { malformed: true, fatal: false, description: "The message is JSON, but not one object." },
  unknown_type: {
    malformed: true,
    fatal: false,
    description: "`type` is missing, or is none that this server knows.",
  },
  invalid_field: {
    malformed: true,
    fatal: false,
    description: "A field is missing or has the wrong type; the message names it.",
  },
  reserved_event: {
    malformed: true,
    fatal: false,
    description: "The event has a name that Socket.IO keeps for itself.",
  },
  binary_message: {
    malformed: true,
    fatal: false,
    description: "The message is a binary WebSocket message; frames are text.",
  },
  too_deep: { malformed: true, fatal: false, description: "Arrays and objects are nested too deeply." },
  too_many_attachments: {
    malformed: true,
    fatal: false,
    description: "The frame has more binary values than Socket.IO takes in one packet.",
  },
  namespace_closed: {
    malformed: false,
    fatal: false,
    description: "The server ended or refused this namespace, and the frame was under way meanwhile.",
  },
  not_connected: {
    malformed: false,
    fatal: true,
    description: "The frame is for a namespace that the client is not connected to. Send `connect` first.",
  },
  already_connected: {
    malformed: false,
    fatal: true,
    description: "A second `connect` to a namespace that is connected or being connected.",
  },
  too_many_early_frames: {
    malformed: false,
    fatal: true,
    description: "Too much was sent to a namespace before its `connected`. Wait for it.",
  },
} as const satisfies Record<string, { malformed: boolean; fatal: boolean; description: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ParseError {
  type: "malformed";
  code: ErrorCode;
  message: string;
  /** The frame's ack id, where it could be read, so that the client can tell which of its sends failed. */
  id?: number;
}

/** Arrays and objects in a frame may be nested this deeply; recursive code behind the bridge is safe with it. */
export const MAX_DEPTH = 128;

/** Event names that Socket.IO's parser refuses (socket.io-parser 4.2, RESERVED_EVENTS). */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

type Fields = Record<string, unknown>;

/** Parses one text message of a client. Never throws. */
export function parseClientFrame(text: string): ClientFrame | ParseError {
  // Not left to JSON.parse to find out: code that calls itself for each level is safe behind this, and the refusal costs a
  // look at the text, whatever is in it.
  const look = scan(text);
  if (look.isTooDeep) return tooDeep(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed("invalid_json", "the message is not JSON");
  }
  if (!isObject(value)) return malformed("invalid_frame", "the message is not one JSON object");
  // A field that was left out must not be found on Object.prototype, neither in what came nor in what is made of it.
  const fields = disinherit(value);
  const frame =
    look.mayOverflow && holdsInfinity(fields)
      ? malformed("invalid_field", "a number is beyond those of IEEE 754 doubles")
      : parseFields(fields);
  if (frame.type === "malformed" && isAckId(fields["id"])) frame.id = fields["id"];
  return disinherit(frame);
}

function parseFields(fields: Fields): ClientFrame | ParseError {
  const type = fields["type"];
  if (type === "ping") {
    return fields["data"] === undefined ? { type } : { type, data: fields["data"] };
  }
  if (type !== "connect" && type !== "event" && type !== "ack" && type !== "disconnect") {
    return malformed(
      "unknown_type",
      typeof type === "string" ? `unknown type ${quote(type)}` : "type is missing or not a string",
    );
  }
  // Serialisers of typed languages write null for what is left out: for an optional field it means just that.
  const ns = fields["ns"] ?? "/";
  if (typeof ns !== "string" || !ns.startsWith("/") || ns.includes(",")) {
    return malformed("invalid_field", "ns is not a string that begins with / and has no comma");
  }
  switch (type) {
    case "connect":
      return parseConnect(ns, fields);
    case "event":
      return parseEvent(ns, fields);
    case "ack":
      return parseAck(ns, fields);
    case "disconnect":
      return { type, ns };
  }
}

function parseConnect(ns: string, fields: Fields): ClientFrame | ParseError {
  const auth = fields["auth"] ?? {};
  const pid = fields["pid"] ?? undefined;
  const offset = fields["offset"] ?? undefined;
  if (!isObject(auth)) return malformed("invalid_field", "auth is not an object");
  if (pid !== undefined && typeof pid !== "string") return malformed("invalid_field", "pid is not a string");
  if (offset !== undefined && typeof offset !== "string") {
    return malformed("invalid_field", "offset is not a string");
  }
  return {
    type: "connect",
    ns,
    auth,
    ...(pid === undefined ? {} : { pid }),
    ...(offset === undefined ? {} : { offset }),
  };
}

function parseEvent(ns: string, fields: Fields): ClientFrame | ParseError {
  const event = fields["event"];
  const args = fields["args"] ?? [];
  const id = fields["id"] ?? undefined;
  if (typeof event !== "string") return malformed("invalid_field", "event is missing or not a string");
  if (RESERVED_EVENTS.has(event))
    return malformed("reserved_event", `the event name ${quote(event)} is reserved`);
  if (!Array.isArray(args)) return malformed("invalid_field", "args is not an array");
  if (id === undefined) return { type: "event", ns, event, args };
  if (!isAckId(id)) return malformed("invalid_field", "id is not an integer from 0 to 2^53-1");
  return { type: "event", ns, event, args, id };
}

function parseAck(ns: string, fields: Fields): ClientFrame | ParseError {
  const id = fields["id"];
  const args = fields["args"] ?? [];
  if (!isAckId(id)) return malformed("invalid_field", "id is missing or not an integer from 0 to 2^53-1");
  if (!Array.isArray(args)) return malformed("invalid_field", "args is not an array");
  return { type: "ack", ns, id, args };
}

function malformed(code: ErrorCode, message: string): ParseError {
  return disinherit<ParseError>({ type: "malformed", code, message });
}

/** A client's own word in an error message, kept short: an error must not be an amplifier. */
function quote(word: string): string {
  return JSON.stringify(word.length > 40 ? `${word.slice(0, 40)}…` : word);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAckId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Without an exponent, or with one of two digits, a number that JSON.parse makes infinite is longer. */
const LONG_NUMBER = 200;

/**
 * Whether brackets outside strings nest deeper than MAX_DEPTH, and whether a number may be too large for a double: it has an
 * exponent, or is very long. Looks at no more than it must.
 */
function scan(text: string): { isTooDeep: boolean; mayOverflow: boolean } {
  let depth = 0;
  let mayOverflow = false;
  /** Where the value that is looked at begins, at the latest. */
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfString(text, i);
        start = i;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_DEPTH) return { isTooDeep: true, mayOverflow };
        start = i;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        mayOverflow ||= i - start > LONG_NUMBER;
        start = i;
        break;
      case 0x2c: // ,
        mayOverflow ||= i - start > LONG_NUMBER;
        start = i;
        break;
      case 0x45: // E
      case 0x65: // e, in "true" and "false" too
        mayOverflow ||= isDigit(text.charCodeAt(i - 1));
        break;
    }
  }
  return { isTooDeep: false, mayOverflow };
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Recursive: the depth is bounded. */
function holdsInfinity(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsInfinity);
}

function tooDeep(text: string): ParseError {
  const refusal = malformed("too_deep", `arrays and objects may be nested ${MAX_DEPTH} deep, no deeper`);
  const id = findId(text);
  if (id !== undefined) refusal.id = id;
  return refusal;
}

/** The `id` of a frame that is not parsed, if it is plain to see: the first of the frame's own fields with that name. */
function findId(text: string): number | undefined {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = endOfString(text, i);
        if (depth === 1 && end === i + 3 && text.startsWith("id", i + 1)) {
          ID.lastIndex = end + 1;
          const id = Number(ID.exec(text)?.[1] ?? NaN);
          if (isAckId(id)) return id;
        }
        i = end;
        break;
      }
      case 0x5b:
      case 0x7b:
        depth++;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return undefined;
}

/** What follows the name of a field that is an ack id; no more digits than one can have. */
const ID = /[ \t\r\n]*:[ \t\r\n]*(\d{1,16})[ \t\r\n]*[,}]/y;

/** The index of the quote that ends the JSON string which begins at `start`, or the text's length. */
export function endOfString(text: string, start: number): number {
  for (let i = text.indexOf('"', start + 1); i !== -1; i = text.indexOf('"', i + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(i - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return i;
  }
  return text.length;
}
