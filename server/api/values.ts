/** The values that calls, answers and events are made of. What they may be is docs/rooms-api.md's to say. */
import { z } from "zod";

/** Longest room name, in UTF-16 code units, as `String.length` counts. */
export const MAX_ROOM_NAME = 128;

/** Longest id of a user, likewise. */
export const MAX_USER_ID = 128;

/** Longest display name, likewise. */
export const MAX_NAME = 64;

/** Longest id of a device, of a connection or of a message, likewise. */
export const MAX_ID = 64;

/** Longest token, likewise: as much as common HTTP servers take in all headers together. */
export const MAX_TOKEN = 8_192;

/** Entries of one page: of a room's history, or of its members. */
export const MAX_PAGE = 500;

/**
 * Arrays and objects in a message may be nested this deeply. Socket.IO's encoder recurses into what it sends, so
 * that without a bound one message could exhaust the stack. The bridge allows 128 for a whole frame.
 */
export const MAX_DATA_DEPTH = 100;

/**
 * A string for people to see: some text, not too long, no control characters, every surrogate paired. The checks are in
 * the order in which they are to be told.
 */
function label(limit: number) {
  return z
    .string("must be a string")
    .regex(/\S/u, "must not be empty")
    .refine(...atMost(limit))
    .regex(/^\P{Cc}*$/u, "must not have control characters")
    .regex(/^\P{Cs}*$/u, "must be valid Unicode")
    .meta({ maxLength: limit });
}

/** Some text, not too long, that only programs read. */
function opaque(limit: number) {
  return z
    .string("must be a string")
    .min(1, "must not be empty")
    .refine(...atMost(limit))
    .meta({ maxLength: limit });
}

/**
 * A bound in UTF-16 code units. That of zod and of JSON Schema (`maxLength`) counts code points: it lets all of these
 * through, and more.
 */
function atMost(limit: number): [(text: string) => boolean, string] {
  return [(text) => text.length <= limit, `must have at most ${limit} characters`];
}

export const roomSchema = label(MAX_ROOM_NAME).describe("The name of a room.");
export const userSchema = label(MAX_USER_ID).describe("The id of a user: the claim `sub` of their token.");
export const deviceSchema = label(MAX_ID).describe("The id of a device: the `device` of `auth`, or `sid`.");
export const sidSchema = label(MAX_ID).describe("The id of a connection; not a secret.");
export const messageIdSchema = label(MAX_ID).describe("The publisher's id for a message, or the server's.");
export const shownNameSchema = label(MAX_NAME).describe("A name for people to see; not unique.");

/** The display name that a client may give with its `auth`; surrounding white space is dropped. */
export const nameSchema = z
  .string("must be a string")
  .transform((text) => text.trim())
  .pipe(shownNameSchema);

export const tokenSchema = opaque(MAX_TOKEN).describe("A JWT (RFC 7519).");

/** A whole number that every JSON reader holds exactly. */
export function wholeNumber(from: number, to?: number) {
  const range = to === undefined ? `, ${from} or more` : ` from ${from} to ${to}`;
  const message = `must be a whole number${range}`;
  const number = z.int(message).min(from, message);
  return to === undefined ? number : number.max(to, message);
}

export const timeSchema = wholeNumber(0).describe(
  "Milliseconds since the Unix epoch, by the server's clock.",
);

export const positionSchema = z
  .object(
    { epoch: opaque(MAX_ID), offset: wholeNumber(0) },
    "must be a position: an object with epoch and offset",
  )
  .describe(
    "A place in the log of a room or of an inbox; only both values together mean anything. `offset` is that of the last message before " +
      "the place: 0 before the first. `epoch` changes if the log was lost and begun anew.",
  );

/** Binary values are in it as the transport delivers them. */
export const dataSchema = z
  .unknown()
  .refine((value): boolean => value !== undefined, "is missing")
  .superRefine((value, context) => {
    const message = faultOf(value, 1);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .describe(
    `Any JSON value, nested at most ${MAX_DATA_DEPTH} deep; it may hold binary values (PROTOCOL.md, 5.2).`,
  );

/**
 * What is wrong with some part of a value that stands so deep in it. All of it in one walk that makes nothing: the value may be
 * larger than any message that is taken. It calls itself no more often than a value may be deep.
 */
function faultOf(value: unknown, depth: number): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value))
    return "must not have a number beyond those of a double";
  if (!isContainer(value)) return undefined;
  if (depth > MAX_DATA_DEPTH) return `must not be nested more than ${MAX_DATA_DEPTH} deep`;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      const fault = faultOf(item, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (isPlaceholder(value)) return "must not have an object whose _placeholder is true";
  if (hasProtoKey(value)) return "must not have a key __proto__";
  for (const key of Object.keys(value)) {
    const fault = faultOf((value as Record<string, unknown>)[key], depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * What Socket.IO's parser takes for the place of a binary value (socket.io-parser 4.2). In a packet with binary values,
 * another message's among them, it would be replaced by one of those, or break the packet for its receiver.
 */
function isPlaceholder(container: { _placeholder?: unknown }): boolean {
  return Object.hasOwn(container, "_placeholder") && container._placeholder === true;
}

/** What Socket.IO's parser drops from a packet with binary values: it assigns to the key. */
function hasProtoKey(container: object): boolean {
  return Object.hasOwn(container, "__proto__");
}

/** An array or a plain object; binary values are leaves. */
function isContainer(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof ArrayBuffer)
  );
}
