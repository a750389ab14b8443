/** The values that calls, answers and events are made of. What they may be is docs/rooms-api.md's to say. */
import { z } from "zod";
import { lookAt, MAX_DATA_DEPTH } from "./data-look.js";
import { IN_DOUBT, surely, surelyIf } from "./fast-check.js";
import { Payload } from "./payload.js";

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
 * What JavaScript calls white space, and what Unicode calls control characters, character by character. The two are published as JSON Schema
 * patterns, and validators read those with regular expressions of their own: without the flag `u` there is no `\p`, and Python's `\s` is
 * another one. Python's `$` also matches before a line's end, so that nothing may be said with it.
 */
const NOT_WHITE = /[^\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
const LONE_SURROGATE = /\p{Cs}/u;

/**
 * A string for people to see: some text, not too long, no control characters, every surrogate paired. The checks are in
 * the order in which they are to be told. That of surrogates is not published: no pattern says it with the flag `u` and without.
 */
function label(limit: number, description: string) {
  const schema = z
    .string("must be a string")
    .regex(NOT_WHITE, "must not be empty")
    .refine(...atMost(limit))
    .refine((text) => !CONTROL.test(text), "must not have control characters")
    .refine((text) => !LONE_SURROGATE.test(text), "must be valid Unicode")
    .meta({ maxLength: limit, not: { pattern: CONTROL.source } })
    .describe(description);
  return surelyIf(schema, (value) => isText(value, limit) && SURE_LABEL.test(value));
}

/** Some text of most scripts: it begins with what is no white space, and has nothing beyond the surrogates. */
const SURE_LABEL = /^[!-~\u00a1-\u167f\u3001-\ud7ff][ -~\u00a0-\ud7ff]*$/;

/** Some text, not too long, that only programs read. */
function opaque(limit: number, description?: string) {
  const schema = z
    .string("must be a string")
    .min(1, "must not be empty")
    .refine(...atMost(limit))
    .meta({ maxLength: limit, ...(description === undefined ? {} : { description }) });
  return surelyIf(schema, (value) => isText(value, limit));
}

function isText(value: unknown, limit: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= limit;
}

/**
 * A bound in UTF-16 code units. That of zod and of JSON Schema (`maxLength`) counts code points: it lets all of these
 * through, and more.
 */
function atMost(limit: number): [(text: string) => boolean, string] {
  return [(text) => text.length <= limit, `must have at most ${limit} characters`];
}

export const roomSchema = label(MAX_ROOM_NAME, "The name of a room.");
export const userSchema = label(MAX_USER_ID, "The id of a user: the claim `sub` of their token.");
export const deviceSchema = label(MAX_ID, "The id of a device: the `device` of `auth`, or `sid`.");
export const sidSchema = label(MAX_ID, "The id of a connection; not a secret.");
export const messageIdSchema = label(MAX_ID, "The publisher's id for a message, or the server's.");
export const shownNameSchema = label(MAX_NAME, "A name for people to see; not unique.");

/** The display name that a client may give with its `auth`; surrounding white space is dropped. */
export const nameSchema = z
  .string("must be a string")
  .transform((text) => text.trim())
  .pipe(shownNameSchema);

export const tokenSchema = opaque(MAX_TOKEN, "A JWT (RFC 7519).");

/** A whole number that every JSON reader holds exactly. */
export function wholeNumber(from: number, to?: number) {
  const range = to === undefined ? `, ${from} or more` : ` from ${from} to ${to}`;
  const message = `must be a whole number${range}`;
  const number = z.int(message).min(from, message);
  return surelyIf(
    to === undefined ? number : number.max(to, message),
    (value) =>
      Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= (to ?? Infinity),
  );
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
export const dataSchema = surely(
  z
    .unknown()
    .refine((value): boolean => value !== undefined, "is missing")
    .superRefine((value, context) => {
      const { fault } = lookAt(value);
      if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    })
    .describe(
      `Any JSON value, nested at most ${MAX_DATA_DEPTH} deep; it may hold binary values (PROTOCOL.md, 5.2).`,
    ),
  (value) => {
    const look = lookAt(value);
    return value === undefined || look.fault !== undefined ? IN_DOUBT : new Payload(value, look);
  },
);
