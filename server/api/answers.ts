/**
 * What the server sends: a schema for each call's result, for the ack around it, and for each event. Clients are to
 * ignore fields that they do not know, so these do not forbid any.
 */
import { z } from "zod";
import { API_ERRORS, type ApiErrorCode } from "./errors.js";
import type { Ack, ClientEvents, ServerEvents } from "./events.js";
import type { CallName } from "./calls.js";
import {
  dataSchema,
  deviceSchema,
  messageIdSchema,
  positionSchema,
  roomSchema,
  shownNameSchema,
  sidSchema,
  timeSchema,
  tokenSchema,
  userSchema,
  wholeNumber,
} from "./values.js";

/** The name of an event that the server sends. */
export type ServerEventName = keyof ServerEvents;

/** What an ack of a call has beside `ok`. */
export type Result<E extends CallName> =
  Parameters<Parameters<ClientEvents[E]>[1]>[0] extends Ack<infer R> ? R : never;

/** A closed set, that may grow: to clients a code is a string. */
const errorCode: z.ZodType<string> = z.enum(Object.keys(API_ERRORS) as ApiErrorCode[]);

export const errorSchema = z.object({
  code: errorCode,
  message: z.string().min(1),
  retryable: z.boolean(),
  retryAfter: z.exactOptional(wholeNumber(0)),
});

const room = roomSchema;
const user = userSchema;
const name = shownNameSchema;
const id = messageIdSchema;
const position = positionSchema;
const at = timeSchema;
const sid = sidSchema;
const data = dataSchema;
const count = wholeNumber(0);
const expiresAt = z.exactOptional(timeSchema);

export const transportSchema = z.enum(["websocket", "polling", "webtransport", "bridge"]);
const transport = transportSchema;

export const senderSchema = z.object({ user, name, sid, transport });
const from = senderSchema;

export const presenceDeviceSchema = z.object({ id: deviceSchema, sid, transport });
export const memberSchema = z.object({ user, name, devices: z.array(presenceDeviceSchema) });
const members = z.array(memberSchema);

const message = z.object({ room, id, position, from, data, at });

export const inboxMessageSchema = z.object({
  type: z.literal("message"),
  id,
  position,
  from,
  data,
  at,
});

export const inboxReceiptSchema = z.object({
  type: z.literal("receipt"),
  id,
  position,
  from: z.object({ user }),
  at,
});

export const joinedHistorySchema = z.object({ messages: z.array(message), more: z.boolean() });

/** With the types as zod infers them, which a test compares with those of events.ts. */
export const RESULTS = {
  join: z.object({
    room,
    position,
    recovered: z.exactOptional(z.boolean()),
    messages: z.exactOptional(z.array(message)),
    history: z.exactOptional(joinedHistorySchema),
    members,
    count,
  }),
  leave: z.object({}),
  publish: z.object({ id, position, at, duplicate: z.boolean() }),
  signal: z.object({}),
  history: z.object({ messages: z.array(message), more: z.boolean(), position }),
  presence: z.object({ room, members, count, more: z.boolean() }),
  send: z.object({ id, at, duplicate: z.boolean() }),
  inbox: z.object({
    cursor: position,
    waiting: count,
    known: z.boolean(),
    recovered: z.exactOptional(z.boolean()),
  }),
  inbox_ack: z.object({ cursor: position }),
  refresh: z.object({ expiresAt }),
} as const;

/** The only argument of each event, likewise. */
export const EVENTS = {
  welcome: z.object({
    user,
    name,
    sid,
    device: deviceSchema,
    guest: z.boolean(),
    expiresAt,
    token: z.exactOptional(tokenSchema),
    messageBytes: z.exactOptional(wholeNumber(1)),
  }),
  message,
  signal: z.object({ room, from, data, at }),
  presence: z.object({
    room,
    type: z.enum(["join", "update", "leave"]),
    member: memberSchema,
    gone: z.exactOptional(z.array(deviceSchema)),
  }),
  inbox: z.discriminatedUnion("type", [inboxMessageSchema, inboxReceiptSchema]),
  device_taken: z.object({ sid }),
  device_returned: z.object({}),
  token_renewed: z.object({ token: tokenSchema, sid, device: deviceSchema }),
  token_expiring: z.object({ expiresAt: timeSchema }),
  session_end: z.object({ error: errorSchema }),
} as const;

/** The ack of a refused call. */
export const refusalSchema = z.object({ ok: z.literal(false), error: errorSchema });

/** The whole ack of each call: its result, or an error. */
export const ANSWERS: { readonly [E in CallName]: z.ZodType<Ack<Result<E>>> } = {
  join: ack(RESULTS.join),
  leave: ack(RESULTS.leave),
  publish: ack(RESULTS.publish),
  signal: ack(RESULTS.signal),
  history: ack(RESULTS.history),
  presence: ack(RESULTS.presence),
  send: ack(RESULTS.send),
  inbox: ack(RESULTS.inbox),
  inbox_ack: ack(RESULTS.inbox_ack),
  refresh: ack(RESULTS.refresh),
};

/** The only argument of each event. */
export const SERVER_EVENTS: {
  readonly [E in ServerEventName]: z.ZodType<Parameters<ServerEvents[E]>[0]>;
} = EVENTS;

function ack<Shape extends z.ZodRawShape>(result: z.ZodObject<Shape>) {
  return z.discriminatedUnion("ok", [result.extend({ ok: z.literal(true) }), refusalSchema]);
}
