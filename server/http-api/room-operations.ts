/** What is asked about rooms. */
import { roomSchema, userSchema, wholeNumber } from "../api/values.js";
import type { HistoryOptions, PublishOptions } from "../backend/backend.js";
import { requireRooms, requireScope, type Caller } from "./caller.js";
import { operation, type ApiContext } from "./operation.js";
import { Problem } from "./problem.js";
import { flag, limit, number, parsePosition, positionTextSchema, text } from "./query.js";
import {
  connectionCountSchema,
  historySchema,
  membersSchema,
  publishedSchema,
  publishSchema,
  roomsPageSchema,
  roomSummarySchema,
  signalSchema,
} from "./shapes.js";

const room = { room: roomSchema };

/** Bytes around a message's data in a body, its escapes among them. */
const ENVELOPE = 16 * 1024;

/** Bytes of a body with one message: a serialiser may write `\u0434` for every character beyond ASCII, three times as much. */
export function messageBody({ messageBytes }: ApiContext): number {
  return 3 * messageBytes + ENVELOPE;
}

/** What is to be given on of a body. Throws a Problem where the caller may not send in another's name. */
export function sentOptions<Options extends PublishOptions>(caller: Caller, options: Options): Options {
  if (options.as !== undefined) requireScope(caller, "publish:as");
  return options;
}

export const ROOM_OPERATIONS = [
  operation({
    id: "publish",
    method: "POST",
    path: "/rooms/{room}/messages",
    summary: "Publish to a room",
    description:
      "Answers when the message is kept. The same `id` again within ten minutes, to the same room, changes nothing: the answer is the first " +
      "result, with 200 and `duplicate: true`, also after a restart. No client's id is the same as a backend's.",
    scope: "publish",
    reach: "room",
    parameters: room,
    query: {},
    body: publishSchema,
    bodyBytes: messageBody,
    hasId: true,
    answers: {
      201: { description: "It is kept.", schema: publishedSchema },
      200: { description: "It had been published before.", schema: publishedSchema },
    },
    errors: ["message_too_large"],
    async handle({ path, body: { data, ...options }, caller }, { backend }) {
      const published = await backend.publish(path.room, data, sentOptions(caller, options));
      return { status: published.duplicate ? 200 : 201, body: published };
    },
  }),

  operation({
    id: "history",
    method: "GET",
    path: "/rooms/{room}/messages",
    summary: "Read a room's log",
    description:
      "What comes `after` a position, or the newest `before` one; with neither, the newest of all. Not both.",
    scope: "read",
    reach: "room",
    parameters: room,
    query: {
      after: text(positionTextSchema, "Reads forward from here."),
      before: text(positionTextSchema, "Reads what came before here."),
      limit,
    },
    answers: { 200: { description: "In the order of the log.", schema: historySchema } },
    errors: ["unknown_position"],
    async handle({ path, query: { after, before, limit: most } }, { backend }) {
      if (after !== undefined && before !== undefined) {
        const errors = [{ field: "query.before", message: "must not be given together with after" }];
        throw new Problem("invalid_argument", "Give after or before, not both.", { errors });
      }
      const options: HistoryOptions = {
        ...(after === undefined ? {} : { after: parsePosition(after) }),
        ...(before === undefined ? {} : { before: parsePosition(before) }),
        ...(most === undefined ? {} : { limit: most }),
      };
      return { status: 200, body: await backend.history(path.room, options) };
    },
  }),

  operation({
    id: "clear",
    method: "DELETE",
    path: "/rooms/{room}/messages",
    summary: "Drop a room's messages",
    description: "Those who have them already keep them.",
    scope: "moderate",
    reach: "room",
    parameters: room,
    query: { through: number(wholeNumber(0), "Offset of the last one to drop. Default: all.") },
    answers: { 204: { description: "They are gone." } },
    isLogged: true,
    async handle({ path, query: { through } }, { backend }) {
      await backend.clear(path.room, through === undefined ? {} : { through });
      return { status: 204 };
    },
  }),

  operation({
    id: "signal",
    method: "POST",
    path: "/rooms/{room}/signals",
    summary: "Tell those who are in a room right now",
    description: "Nothing is kept, and a slow reader may miss it.",
    scope: "publish",
    reach: "room",
    parameters: room,
    query: {},
    body: signalSchema,
    bodyBytes: messageBody,
    answers: { 204: { description: "It is on its way." } },
    errors: ["message_too_large"],
    async handle({ path, body: { data, ...options }, caller }, { backend }) {
      await backend.signal(path.room, data, sentOptions(caller, options));
      return { status: 204 };
    },
  }),

  operation({
    id: "rooms",
    method: "GET",
    path: "/rooms",
    summary: "Which rooms there are",
    description: "Rooms that have or had messages, or have members, in the order of their names.",
    scope: "read",
    reach: "checked",
    parameters: {},
    query: {
      prefix: text(
        roomSchema,
        "Only those whose names begin with this. A key that is for some rooms alone needs one that all of these have.",
      ),
      live: flag("Only those that somebody is in at the moment."),
      after: text(roomSchema, "The room with which the last page ended."),
      limit,
    },
    answers: { 200: { description: "A page of them.", schema: roomsPageSchema } },
    async handle({ query, caller }, { backend }) {
      requireRooms(caller, query.prefix);
      return { status: 200, body: await backend.rooms(query) };
    },
  }),

  operation({
    id: "room",
    method: "GET",
    path: "/rooms/{room}",
    summary: "One room",
    description: "Of a room that nobody has used: no messages, and no members.",
    scope: "read",
    reach: "room",
    parameters: room,
    query: {},
    answers: { 200: { description: "Where its log is, and how many are in it.", schema: roomSummarySchema } },
    handle: async ({ path }, { backend }) => ({ status: 200, body: await backend.room(path.room) }),
  }),

  operation({
    id: "members",
    method: "GET",
    path: "/rooms/{room}/members",
    summary: "Who is in a room",
    scope: "read",
    reach: "room",
    parameters: room,
    query: { after: text(userSchema, "The user with whom the last page ended."), limit },
    answers: { 200: { description: "A page of them.", schema: membersSchema } },
    handle: async ({ path, query }, { backend }) => ({
      status: 200,
      body: await backend.members(path.room, query),
    }),
  }),

  operation({
    id: "kick",
    method: "DELETE",
    path: "/rooms/{room}/members/{user}",
    summary: "Have a user leave a room",
    description: "On all devices, which are told so. They may join again.",
    scope: "moderate",
    reach: "room",
    parameters: { room: roomSchema, user: userSchema },
    query: {},
    answers: { 200: { description: "How many connections left.", schema: connectionCountSchema } },
    isLogged: true,
    handle: async ({ path }, { backend }) => ({
      status: 200,
      body: { connections: await backend.kick(path) },
    }),
  }),
];
