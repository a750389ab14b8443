/**
 * The JSON frames as the client sees them (PROTOCOL.md, sections 2 to 4): encode what it sends, decode what it
 * gets. Pure: a malformed frame is a value, never an exception.
 */

import { revive, stringify } from "./binary.js";
import type { Rate } from "./rate-limiter.js";

/** What the client sends. */
export type ClientFrame =
  | { type: "connect"; ns: string; auth?: object; pid?: string; offset?: string }
  | { type: "event"; ns: string; event: string; args: readonly unknown[]; id?: number }
  | { type: "ack"; ns: string; id: number; args: readonly unknown[] }
  | { type: "disconnect"; ns: string };

/** What a `connected` frame says. Times are in milliseconds, `maxPayload` in bytes. */
export interface ConnectedFrame {
  type: "connected";
  ns: string;
  sid: string;
  pid?: string;
  recovered: boolean;
  pingInterval: number;
  pingTimeout: number;
  maxPayload: number;
  /** Left out where the server says none, or none that makes sense. */
  rate?: Rate;
}

/** A frame that belongs to one namespace; `ns` is always there, and binary in `args` is revived. */
export type NamespaceFrame =
  | ConnectedFrame
  | { type: "connect_error"; ns: string; message: string; data?: unknown }
  | { type: "event"; ns: string; event: string; args: unknown[]; id?: number; offset?: string }
  | { type: "ack"; ns: string; id: number; args: unknown[] }
  | { type: "disconnect"; ns: string; reason?: string };

export type ServerFrame =
  | NamespaceFrame
  | { type: "error"; ns: string; code: string; message: string; id?: number }
  | { type: "pong" };

/** What a decoder says of a message that is no frame it can use. */
export type Unusable =
  { type: "malformed"; message: string } | /* A newer server's; to be ignored (2.7). */ { type: "unknown" };

/** Event names that Socket.IO keeps for itself (PROTOCOL.md, 4.4). */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

/** The `ping` frame (PROTOCOL.md, section 6). */
export const PING = '{"type":"ping"}';

type Fields = Record<string, unknown>;

/**
 * The text of one frame.
 * @throws UnsendableError for values that JSON or the protocol cannot carry.
 */
export function encodeFrame(frame: ClientFrame): string {
  const onWire = { ...frame, ns: frame.ns === "/" ? undefined : frame.ns };
  // Binary is defined for `args` alone (5.2); a credential that looks like bytes is the application's business.
  return frame.type === "event" || frame.type === "ack" ? stringify(onWire) : JSON.stringify(onWire);
}

/** Decodes one text message of the server. Never throws. */
export function decodeFrame(text: string): ServerFrame | Unusable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return malformed("a message is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return malformed("a message is not one JSON object");
  }
  // A field that is not there must not be found on Object.prototype, neither in what came nor in what is made of it.
  const fields = bare(value as Fields);
  // Most frames have no binary, and a search of the text is far cheaper than a walk through its values. JSON may
  // spell the key with escapes.
  const mayHoldBinary = text.includes("$binary") || text.includes("\\u");
  if (mayHoldBinary && Array.isArray(fields["args"])) revive(fields["args"]);
  return bare(decodeFields(fields));
}

/** A copy that inherits nothing. */
function bare<T extends object>(object: T): T {
  return Object.assign<object, T>(Object.create(null) as object, object);
}

function decodeFields(fields: Fields): ServerFrame | Unusable {
  const type = fields["type"];
  if (typeof type !== "string") return malformed("a frame has no type");
  const ns = fields["ns"] ?? "/";
  if (typeof ns !== "string") return malformed(`ns of a frame "${type}" is not a string`);
  switch (type) {
    case "connected":
      return connected(ns, fields);
    case "connect_error": {
      const message = fields["message"];
      if (typeof message !== "string") return wrong(type, "message");
      return { type, ns, message, ...("data" in fields ? { data: fields["data"] } : {}) };
    }
    case "event":
      return event(ns, fields);
    case "ack": {
      const { id, args } = fields;
      if (!isId(id)) return wrong(type, "id");
      return Array.isArray(args) ? { type, ns, id, args } : wrong(type, "args");
    }
    case "disconnect":
      return { type, ns, ...optional("reason", fields) };
    case "error": {
      const { code, message, id } = fields;
      if (typeof code !== "string") return wrong(type, "code");
      if (typeof message !== "string") return wrong(type, "message");
      return { type, ns, code, message, ...(isId(id) ? { id } : {}) };
    }
    case "pong":
      return { type };
    default:
      return { type: "unknown" };
  }
}

function connected(ns: string, fields: Fields): ServerFrame | Unusable {
  const type = "connected";
  const { sid, pingInterval, pingTimeout, maxPayload } = fields;
  if (typeof sid !== "string") return wrong(type, "sid");
  if (!isAmount(pingInterval)) return wrong(type, "pingInterval");
  if (!isAmount(pingTimeout)) return wrong(type, "pingTimeout");
  if (!isAmount(maxPayload)) return wrong(type, "maxPayload");
  const recovered = fields["recovered"] === true;
  const frame = { type, ns, sid, recovered, pingInterval, pingTimeout, maxPayload } as const;
  return { ...frame, ...rateOf(fields["rate"]), ...optional("pid", fields) };
}

function event(ns: string, fields: Fields): ServerFrame | Unusable {
  const type = "event";
  const { event: name, args, id } = fields;
  // A reserved name from the wire would pass for the client's own "connect" or "disconnect".
  if (typeof name !== "string" || RESERVED_EVENTS.has(name)) return wrong(type, "event");
  if (!Array.isArray(args)) return wrong(type, "args");
  if (id !== undefined && !isId(id)) return wrong(type, "id");
  return { type, ns, event: name, args, ...(id === undefined ? {} : { id }), ...optional("offset", fields) };
}

function rateOf(value: unknown): { rate?: Rate } {
  if (typeof value !== "object" || value === null) return {};
  const { perSecond, burst } = value as Fields;
  return isRate(perSecond) && isRate(burst) ? { rate: { perSecond, burst } } : {};
}

/** The field, where the frame has it as a string. */
function optional<Name extends string>(name: Name, fields: Fields): Partial<Record<Name, string>> {
  const value = fields[name];
  return typeof value === "string" ? ({ [name]: value } as Record<Name, string>) : {};
}

function wrong(type: string, field: string): Unusable {
  return malformed(`${field} of a frame "${type}" is missing or wrong`);
}

function malformed(message: string): Unusable {
  return { type: "malformed", message };
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRate(value: unknown): value is number {
  return isAmount(value) && Number.isFinite(value);
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}
