/**
 * Every call of the room API, declared once. What the server checks, the types of its handlers, docs/asyncapi.json and types.ts follow from
 * this. docs/rooms-api.md says what the calls mean.
 */
import { z } from "zod";
import { call, type CallDeclaration, type COMMON_ERRORS } from "./declaration.js";
import type { Payload } from "./payload.js";
import { joinedHistorySchema, memberSchema, messagesSchema } from "./shapes.js";
import {
  dataSchema,
  MAX_PAGE,
  messageIdSchema,
  positionSchema,
  roomSchema,
  timeSchema,
  tokenSchema,
  userSchema,
  wholeNumber,
} from "./values.js";

const room = roomSchema;
const data = dataSchema;
const position = positionSchema;
const id = z.exactOptional(messageIdSchema);
const since = z.exactOptional(positionSchema);
const limit = z.exactOptional(wholeNumber(1, MAX_PAGE));
const members = z.array(memberSchema);
const count = wholeNumber(0);
const duplicate = z.boolean();
const nothing = z.object({});

const ADA = {
  user: "ada",
  name: "Ada",
  devices: [{ id: "phone", sid: "a1", transport: "bridge" as const }],
};

const DECLARED = {
  join: call({
    title: "Enter a room",
    description:
      "Enter a room: from the ack on its messages arrive. With `since`, what was missed is in the ack; with `history`, the newest " +
      "messages, at most so many.",
    section: "3",
    data: z.object({ room, since, history: limit }, "must be an object with a room"),
    answerName: "Joined",
    answer: z.object({
      room,
      position: position.describe(
        "Up to where the room's messages are in this ack or were before it; what comes next arrives as events.",
      ),
      recovered: z
        .exactOptional(z.boolean())
        .describe("With `since` only: whether `messages` is everything after it. If false, it is empty."),
      messages: z.exactOptional(messagesSchema).describe("With `since` only."),
      history: z
        .exactOptional(joinedHistorySchema)
        .describe(
          "Where `history` was asked for, and the answer is not `recovered: true`: the newest messages up to `position`.",
        ),
      members: z
        .exactOptional(members)
        .describe(
          "Of a room that is named: all members, oneself too; empty where one may not see presence. Left out of a counted room.",
        ),
      count: count.describe("How many members there are; 0 where one may not see presence."),
      maxNames: count.describe("Up to how many members the room is named; 0 where one may not see presence."),
    }),
    errors: ["rate_limited", "forbidden", "too_many_rooms", "too_many_devices", "room_full"],
    right: "join",
    budget: "joins",
    isAnswerLarge: true,
    example: {
      data: { room: "lobby", since: { epoch: "k3v9", offset: 16 }, history: 50 },
      answer: {
        room: "lobby",
        position: { epoch: "k3v9", offset: 17 },
        recovered: true,
        messages: [
          {
            room: "lobby",
            id: "m1",
            position: { epoch: "k3v9", offset: 17 },
            from: { user: "ben", name: "Ben", sid: "b1", transport: "websocket" },
            data: { text: "While you were away" },
            at: 1767225600000,
          },
        ],
        members: [ADA],
        count: 1,
        maxNames: 200,
      },
    },
  }),

  leave: call({
    title: "Leave a room",
    section: "3",
    data: z.object({ room }, "must be an object with a room"),
    answer: nothing,
    errors: ["not_joined"],
    right: "none",
    example: { data: { room: "lobby" }, answer: {} },
  }),

  publish: call({
    title: "Publish to a room",
    description:
      "Publish to a room that one has joined; acked once it is kept. The same `id` again changes nothing.",
    section: "4",
    data: z.object({ room, data, id }, "must be an object with a room and data"),
    answerName: "Published",
    answer: z.object({
      id: messageIdSchema,
      position,
      at: timeSchema,
      duplicate: duplicate.describe("Whether it had been published before: this is the first result again."),
    }),
    errors: ["not_joined", "forbidden", "message_too_large", "rate_limited"],
    right: "publish",
    budget: "messages",
    isSideBySide: true,
    example: {
      data: { room: "lobby", data: { text: "Hello" }, id: "m2" },
      answer: { id: "m2", position: { epoch: "k3v9", offset: 18 }, at: 1767225601000, duplicate: false },
    },
  }),

  signal: call({
    title: "Tell those who are in a room at the moment",
    description: "Tell those who are in the room right now; nothing is kept, and a slow reader may miss it.",
    section: "7",
    data: z.object({ room, data }, "must be an object with a room and data"),
    answer: nothing,
    errors: ["not_joined", "forbidden", "message_too_large", "rate_limited"],
    right: "publish",
    budget: "messages",
    isSideBySide: true,
    example: { data: { room: "lobby", data: { typing: true } }, answer: {} },
  }),

  history: call({
    title: "Read a room's log",
    description:
      "Read a room's log: what comes `after` a position, or what came `before` one; neither: the newest.",
    section: "6",
    data: z
      .object({ room, after: since, before: since, limit }, "must be an object with a room")
      .refine(({ after, before }) => after === undefined || before === undefined, {
        message: "must not have both after and before",
      })
      .meta({ not: { required: ["after", "before"] } }),
    answerName: "History",
    answer: z.object({
      messages: messagesSchema.describe("In the order of the log, whichever way it is read."),
      more: z.boolean().describe("Whether there are more messages in the direction of reading."),
      position: position.describe("Where the log ends."),
    }),
    errors: ["not_joined", "forbidden", "rate_limited", "unknown_position"],
    right: "history",
    budget: "reads",
    isRead: true,
    isAnswerLarge: true,
    example: {
      data: { room: "lobby", before: { epoch: "k3v9", offset: 1 }, limit: 50 },
      answer: { messages: [], more: false, position: { epoch: "k3v9", offset: 18 } },
    },
  }),

  presence: call({
    title: "Who is in a room",
    description:
      "Who is in a room that one has joined, page by page: `after` the user with whom the last page ended.",
    section: "8",
    data: z.object({ room, after: z.exactOptional(userSchema), limit }, "must be an object with a room"),
    answerName: "PresencePage",
    answer: z.object({
      room,
      members,
      count,
      more: z.boolean().describe("Whether there are more members after these."),
    }),
    errors: ["not_joined", "forbidden", "rate_limited"],
    right: "presence",
    budget: "reads",
    isRead: true,
    isAnswerLarge: true,
    example: {
      data: { room: "lobby", limit: 100 },
      answer: { room: "lobby", members: [ADA], count: 1, more: false },
    },
  }),

  send: call({
    title: "Send to a user's inbox",
    description:
      "Send to a user, there or not; acked once it is in their inbox. The same `id` again changes nothing.",
    section: "9",
    data: z.object(
      { to: userSchema, data, id, receipt: z.exactOptional(z.boolean("must be true or false")) },
      "must be an object with to and data",
    ),
    answerName: "Sent",
    answer: z.object({ id: messageIdSchema, at: timeSchema, duplicate }),
    errors: ["forbidden", "message_too_large", "rate_limited", "inbox_full"],
    right: "send",
    budget: "messages",
    isSideBySide: true,
    example: {
      data: { to: "ben", data: { text: "Call me" }, id: "d1", receipt: true },
      answer: { id: "d1", at: 1767225602000, duplicate: false },
    },
  }),

  inbox: call({
    title: "Open one's inbox on this device",
    description:
      "Open one's inbox on this device: what waits in it arrives. `since`: what this device has processed.",
    section: "9",
    data: z.object({ since }, "must be an object"),
    answerName: "InboxOpened",
    answer: z.object({
      cursor: position.describe("Up to where this device has processed its inbox."),
      waiting: count.describe("How many items wait for it."),
      known: z
        .boolean()
        .describe("Whether the server knew the device; if not, it begins with the oldest that is kept."),
      recovered: z
        .exactOptional(z.boolean())
        .describe(
          "Whether the device gets all that it has not processed; false where something was dropped.",
        ),
    }),
    errors: ["rate_limited"],
    right: "none",
    budget: "reads",
    example: {
      data: { since: { epoch: "k3v9", offset: 4 } },
      answer: { cursor: { epoch: "k3v9", offset: 4 }, waiting: 1, known: true, recovered: true },
    },
  }),

  inbox_ack: call({
    title: "Say up to where this device has processed its inbox",
    description: "This device has processed its inbox up to and with `position`.",
    section: "9",
    data: z.object({ position }, "must be an object with a position"),
    answerName: "InboxAcked",
    answer: z.object({ cursor: position }),
    errors: ["inbox_not_open", "unknown_position"],
    right: "none",
    isSideBySide: true,
    example: {
      data: { position: { epoch: "k3v9", offset: 5 } },
      answer: { cursor: { epoch: "k3v9", offset: 5 } },
    },
  }),

  refresh: call({
    title: "Go on with a new token",
    description: "Go on with a new token of the same user.",
    section: "10",
    data: z.object({ token: tokenSchema }, "must be an object with a token"),
    answerName: "Refreshed",
    answer: z.object({ expiresAt: z.exactOptional(timeSchema) }),
    errors: ["unauthorized", "token_expired", "token_revoked", "forbidden"],
    right: "none",
    example: {
      data: { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl" },
      answer: { expiresAt: 1767229200000 },
    },
  }),
} as const;

type Calls = typeof DECLARED;

/** The name of a call of the room API. */
export type CallName = keyof Calls;

/** The one argument of a call. */
export type CallData<E extends CallName> = z.output<Calls[E]["data"]>;

/** A call as it is carried out: checked, and its `data` looked at. */
export type CheckedCall<E extends CallName> = {
  [Field in keyof CallData<E>]: Field extends "data" ? Payload : CallData<E>[Field];
};

/** What an ack of a call has beside `ok`. */
export type CallAnswer<E extends CallName> = z.output<Calls[E]["answer"]>;

/** What a call may be refused with. */
export type CallError<E extends CallName> = Calls[E]["errors"][number] | (typeof COMMON_ERRORS)[number];

/** By name. Not to be asked for names that a client made up without `isCall`. */
export const CALLS: {
  readonly [E in CallName]: CallDeclaration<
    z.ZodType<CallData<E>>,
    z.ZodType<CallAnswer<E>>,
    CallError<E>,
    Calls[E]["right"]
  >;
} = DECLARED;

/** Not what every object inherits: an event may be named `constructor`. */
export function isCall(name: string): name is CallName {
  return Object.hasOwn(CALLS, name);
}
