/** What a client may send: a schema for the argument of each call. A bad argument is a value, never an exception. */
import { z } from "zod";
import type { ClientEvents } from "./events.js";
import {
  dataSchema,
  MAX_PAGE,
  messageIdSchema,
  positionSchema,
  roomSchema,
  tokenSchema,
  userSchema,
  wholeNumber,
} from "./values.js";

/** The name of a call of the room API. */
export type CallName = keyof ClientEvents;

/** The argument of a call. */
export type Call<E extends CallName> = Parameters<ClientEvents[E]>[0];

const room = roomSchema;
const data = dataSchema;
const id = z.exactOptional(messageIdSchema);
const since = z.exactOptional(positionSchema);
const limit = z.exactOptional(wholeNumber(1, MAX_PAGE));

/** With the types as zod infers them, which a test compares with those of events.ts. */
export const CALLS = {
  join: z.object({ room, since, history: limit }, "must be an object with a room"),
  leave: z.object({ room }, "must be an object with a room"),
  publish: z.object({ room, data, id }, "must be an object with a room and data"),
  signal: z.object({ room, data }, "must be an object with a room and data"),
  history: z
    .object({ room, after: since, before: since, limit }, "must be an object with a room")
    .refine(({ after, before }) => after === undefined || before === undefined, {
      message: "must not have both after and before",
    })
    .meta({ not: { required: ["after", "before"] } }),
  presence: z.object({ room, after: z.exactOptional(userSchema), limit }, "must be an object with a room"),
  send: z.object(
    { to: userSchema, data, id, receipt: z.exactOptional(z.boolean("must be true or false")) },
    "must be an object with to and data",
  ),
  inbox: z.object({ since }, "must be an object"),
  inbox_ack: z.object({ position: positionSchema }, "must be an object with a position"),
  refresh: z.object({ token: tokenSchema }, "must be an object with a token"),
} as const;

/** The schema of each call's argument. Fields that a schema does not know are dropped. */
export const SCHEMAS: { readonly [E in CallName]: z.ZodType<Call<E>> } = CALLS;

/** What is wrong, in one line: the first field that is, and how. */
export function describe(error: z.ZodError, subject: string): string {
  const issue = error.issues[0];
  if (issue === undefined) return `${subject} is not valid`;
  return `${[subject, ...issue.path].map(String).join(".")} ${issue.message}`;
}
