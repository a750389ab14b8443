/** What is asked about users, their connections and their tokens. */
import { deviceSchema, roomSchema, sidSchema, userSchema } from "../api/values.js";
import type { DisconnectOptions, DisconnectTarget } from "../backend/backend.js";
import { operation } from "./operation.js";
import { flag, limit, text } from "./query.js";
import { messageBody, sentOptions } from "./room-operations.js";
import {
  connectionCountSchema,
  connectionsPageSchema,
  inboxSummarySchema,
  revocationSchema,
  sendSchema,
  sentSchema,
} from "./shapes.js";

const user = { user: userSchema };
const after = text(sidSchema, "The `sid` with which the last page ended.");

export const USER_OPERATIONS = [
  operation({
    id: "send",
    method: "POST",
    path: "/users/{user}/inbox",
    summary: "Send to a user's inbox",
    description:
      "Whether they are there or not; answers when it is kept. `id` as for publish. With `receipt`, the user of `as` gets a receipt in their " +
      "inbox when it was processed.",
    scope: "publish",
    reach: "nothing",
    parameters: user,
    query: {},
    body: sendSchema,
    bodyBytes: messageBody,
    hasId: true,
    answers: {
      201: { description: "It is in the inbox.", schema: sentSchema },
      200: { description: "It had been sent before.", schema: sentSchema },
    },
    errors: ["message_too_large", "inbox_full"],
    async handle({ path, body: { data, ...options }, caller }, { backend }) {
      const sent = await backend.send(path.user, data, sentOptions(caller, options));
      return { status: sent.duplicate ? 200 : 201, body: sent };
    },
  }),

  operation({
    id: "inbox",
    method: "GET",
    path: "/users/{user}/inbox",
    summary: "What waits for a user",
    scope: "read",
    reach: "nothing",
    parameters: user,
    query: {},
    answers: {
      200: { description: "Where the inbox is, and how far each device is.", schema: inboxSummarySchema },
    },
    handle: async ({ path }, { backend }) => ({ status: 200, body: await backend.inbox(path.user) }),
  }),

  operation({
    id: "connectionsOfUser",
    method: "GET",
    path: "/users/{user}/connections",
    summary: "A user's connections",
    scope: "read",
    reach: "nothing",
    parameters: user,
    query: { after, limit },
    answers: {
      200: { description: "A page of them, in the order of their ids.", schema: connectionsPageSchema },
    },
    handle: async ({ path, query }, { backend }) => ({
      status: 200,
      body: await backend.connections({ ...query, ...path }),
    }),
  }),

  operation({
    id: "disconnect",
    method: "DELETE",
    path: "/users/{user}/connections",
    summary: "Close a user's connections",
    description: "Their tokens stay good; to end these as well, revoke them first.",
    scope: "moderate",
    reach: "nothing",
    parameters: user,
    query: {
      device: text(deviceSchema, "Only those of this device."),
      reconnect: flag("Whether clients are to come back by themselves. Default: false."),
    },
    answers: { 200: { description: "How many there were.", schema: connectionCountSchema } },
    isLogged: true,
    async handle({ path, query: { device, reconnect } }, { backend }) {
      const target: DisconnectTarget = { ...path, ...(device === undefined ? {} : { device }) };
      const options: DisconnectOptions = reconnect === undefined ? {} : { reconnect };
      return { status: 200, body: { connections: await backend.disconnect(target, options) } };
    },
  }),

  operation({
    id: "connections",
    method: "GET",
    path: "/connections",
    summary: "Connections that are open on this server",
    scope: "read",
    reach: "nothing",
    parameters: {},
    query: {
      user: text(userSchema, "Only this user's."),
      room: text(roomSchema, "Only those that are in this room."),
      after,
      limit,
    },
    answers: {
      200: { description: "A page of them, in the order of their ids.", schema: connectionsPageSchema },
    },
    handle: async ({ query }, { backend }) => ({ status: 200, body: await backend.connections(query) }),
  }),

  operation({
    id: "revoke",
    method: "POST",
    path: "/revocations",
    summary: "Take a token no more",
    description:
      "Or all of a user's that were issued until now. Sessions end at once; answers when it is durable.",
    scope: "tokens",
    reach: "nothing",
    parameters: {},
    query: {},
    body: revocationSchema,
    answers: { 204: { description: "It is revoked." } },
    isLogged: true,
    async handle({ body }, { backend }) {
      await backend.revoke(body);
      return { status: 204 };
    },
  }),
];
