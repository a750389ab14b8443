/**
 * What a client may send: one schema for each call of events.ts. The compiler checks that what it lets through is the call's type.
 * Pure: a bad argument is a value, never an exception.
 */
import { z } from "zod";
import type { ClientEvents } from "./events.js";

/** The name of a call of the room API. */
export type CallName = keyof ClientEvents;

/** The argument of a call. */
export type Call<E extends CallName> = Parameters<ClientEvents[E]>[0];

/** Longest room name, in UTF-16 code units, as `String.length` counts. */
export const MAX_ROOM_NAME = 128;

/** Longest display name, likewise. */
export const MAX_NAME = 64;

/**
 * Arrays and objects in a message may be nested this deeply. Socket.IO's encoder recurses into what it sends, so
 * that without a bound one message could exhaust the stack. The bridge allows 128 for a whole frame.
 */
export const MAX_DATA_DEPTH = 100;

const CONTROL_CHARACTER = /\p{Cc}/u;

/** A string for people to see: some text, not too long, no control characters, every surrogate paired. */
function label(limit: number) {
  return z
    .string("must be a string")
    .refine((text) => text.trim() !== "", "must not be empty")
    .refine((text) => text.length <= limit, `must have at most ${limit} characters`)
    .refine((text) => !CONTROL_CHARACTER.test(text), "must not have control characters")
    .refine((text) => isWellFormed(text), "must be valid Unicode");
}

const room = label(MAX_ROOM_NAME);

const data = z
  .unknown()
  .refine((value) => value !== undefined, "is missing")
  .refine((value) => !isTooDeep(value), `must not be nested more than ${MAX_DATA_DEPTH} deep`);

const inRoom = z.object({ room }, "must be an object with a room");

/** The schema of each call's argument. Fields that a schema does not know are dropped. */
export const SCHEMAS: { readonly [E in CallName]: z.ZodType<Call<E>> } = {
  join: inRoom,
  leave: inRoom,
  publish: z.object({ room, data }, "must be an object with a room and data"),
  presence: inRoom,
};

/** The display name that a guest may give with its `auth`; surrounding white space is dropped. */
export const nameSchema = z
  .string("must be a string")
  .transform((text) => text.trim())
  .pipe(label(MAX_NAME));

/** What is wrong, in one line: the first field that is, and how. */
export function describe(error: z.ZodError, subject: string): string {
  const issue = error.issues[0];
  if (issue === undefined) return `${subject} is not valid`;
  return `${[subject, ...issue.path].map(String).join(".")} ${issue.message}`;
}

/** String.prototype.isWellFormed, which the language level of this project does not have yet. */
function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}

/** Whether arrays and objects nest deeper than allowed. Walks level by level: no recursion, whatever the depth. */
function isTooDeep(value: unknown): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DATA_DEPTH) return true;
    level = level.flatMap((container): unknown[] => Object.values(container)).filter(isContainer);
  }
  return false;
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
