/** Every event that the server sends, declared once, as calls.ts does it for calls. */
import { z } from "zod";
import { event } from "./declaration.js";
import {
  errorSchema,
  inboxMessageSchema,
  inboxReceiptSchema,
  memberSchema,
  messageSchema,
  presenceChangeSchema,
  senderSchema,
} from "./shapes.js";
import {
  dataSchema,
  deviceSchema,
  roomSchema,
  shownNameSchema,
  sidSchema,
  timeSchema,
  tokenSchema,
  userSchema,
  wholeNumber,
} from "./values.js";

const ADA = { user: "ada", name: "Ada", sid: "a1", transport: "bridge" as const };

export const EVENTS = {
  welcome: event({
    title: "Who one is",
    description: "Who one is, sent once after connecting.",
    section: "2",
    argumentName: "Self",
    argument: z
      .object({
        user: userSchema,
        name: shownNameSchema,
        sid: sidSchema,
        device: deviceSchema.describe("The id of this device: the `device` of `auth`, or else `sid`."),
        guest: z.boolean().describe("Whether the user is a guest."),
        expiresAt: z
          .exactOptional(timeSchema)
          .describe(
            "When the session's token runs out, in milliseconds since the Unix epoch; not there if it never does.",
          ),
        token: z
          .exactOptional(tokenSchema)
          .describe(
            "For guests: with this token in `auth` one comes back as the same guest. The newest counts.",
          ),
        messageBytes: z
          .exactOptional(wholeNumber(1))
          .describe("What the `data` of one message may have, in bytes as JSON."),
      })
      .describe("Who one is, as the server sees it."),
    example: {
      user: "ada",
      name: "Ada",
      sid: "a1",
      device: "phone",
      guest: false,
      expiresAt: 1767229200000,
      messageBytes: 65536,
    },
  }),

  message: event({
    title: "A message that was published to a room",
    section: "4",
    argumentName: "RoomMessage",
    argument: messageSchema,
    example: {
      room: "lobby",
      id: "m2",
      position: { epoch: "k3v9", offset: 18 },
      from: ADA,
      data: { text: "Hello" },
      at: 1767225601000,
    },
  }),

  signal: event({
    title: "A signal to those who are in a room",
    section: "7",
    argumentName: "Signal",
    argument: z
      .object({ room: roomSchema, from: senderSchema, data: dataSchema, at: timeSchema })
      .describe("Something for those who are in a room at the moment; not kept."),
    example: { room: "lobby", from: ADA, data: { typing: true }, at: 1767225601500 },
  }),

  presence: event({
    title: "Who is in a room has changed",
    section: "8",
    argumentName: "PresenceEvent",
    argument: z
      .object({
        room: roomSchema,
        count: wholeNumber(0).describe("How many users are in the room, after all this."),
        changes: z
          .exactOptional(z.array(presenceChangeSchema))
          .describe("Of a room that is named: what has happened since the last event, in its order."),
        members: z
          .exactOptional(z.array(memberSchema))
          .describe("Of a room that has become named again: all of them, in the place of what was known."),
      })
      .describe(
        "Who is in a room has changed: with `changes`, or with `members`, or, of a room that is counted, with neither. " +
          "Goes to everybody in the room.",
      ),
    example: {
      room: "lobby",
      count: 1,
      changes: [{ type: "leave", member: { user: "ben", name: "Ben", devices: [] } }],
    },
  }),

  inbox: event({
    title: "An item of one's inbox",
    section: "9",
    argumentName: "InboxItem",
    argument: z.discriminatedUnion("type", [inboxMessageSchema, inboxReceiptSchema]),
    example: {
      type: "receipt",
      id: "d1",
      position: { epoch: "k3v9", offset: 5 },
      from: { user: "ben" },
      at: 1767225603000,
    },
  }),

  device_taken: event({
    title: "Another connection of this device has come",
    description: "Another connection of this device has come: `sid` is its id.",
    section: "2",
    argumentName: "DeviceTaken",
    argument: z.object({ sid: sidSchema }),
    example: { sid: "a2" },
  }),

  device_returned: event({
    title: "This connection is the device's newest again",
    description: "It has gone, and this connection is the device's newest again; its inbox goes on.",
    section: "2",
    argumentName: "DeviceReturned",
    argument: z.object({}),
    example: {},
  }),

  token_renewed: event({
    title: "A guest's newer token",
    description:
      "A newer token of this guest's, to keep in place of the one before; and the connection that it was given to, with its device.",
    section: "2",
    argumentName: "TokenRenewed",
    argument: z.object({ token: tokenSchema, sid: sidSchema, device: deviceSchema }),
    example: {
      token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJndWVzdCJ9.c2lnbmF0dXJl",
      sid: "6azva2bURYFBMd-WAAAD",
      device: "bens-tablet",
    },
  }),

  token_expiring: event({
    title: "The token runs out soon",
    description:
      "The token runs out soon: `refresh` before `expiresAt`, in milliseconds since the Unix epoch.",
    section: "10",
    argumentName: "TokenExpiring",
    argument: z.object({ expiresAt: timeSchema }),
    example: { expiresAt: 1767229200000 },
  }),

  session_end: event({
    title: "The session ends now",
    description: "The session ends now, and why; the connection is closed after it.",
    section: "10",
    argumentName: "SessionEnd",
    argument: z.object({ error: errorSchema }),
    example: {
      error: { code: "token_expired", message: "The token has expired. Get a new one.", retryable: false },
    },
  }),
} as const;

/** The name of an event that the server sends. */
export type ServerEventName = keyof typeof EVENTS;

/** The one argument of an event. */
export type EventArgument<E extends ServerEventName> = z.output<(typeof EVENTS)[E]["argument"]>;
