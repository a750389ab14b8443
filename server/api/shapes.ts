/** The objects that calls, answers and events have in common, as schemas. Clients ignore fields that they do not know, so these forbid none. */
import { z } from "zod";
import { API_ERRORS, type ApiErrorCode } from "./errors.js";
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

const room = roomSchema;
const user = userSchema;
const name = shownNameSchema;
const sid = sidSchema;
const id = messageIdSchema;
const position = positionSchema;
const data = dataSchema;
const at = timeSchema;

export const transportSchema = z
  .enum(["websocket", "polling", "webtransport", "bridge", "bridge-http"])
  .describe(
    "How a member is connected: through Socket.IO's own transports, or as a plain client, on a WebSocket or over HTTP.",
  );
const transport = transportSchema;

const senderTransportSchema = z
  .enum([...transportSchema.options, "server"])
  .describe("How who sent something was connected; `server` where it was the application's backend.");

export const senderSchema = z
  .object({ user, name, sid, transport: senderTransportSchema })
  .describe("Who sent something, from which device. What a backend sends has the `sid` `server`.");
const from = senderSchema;

export const presenceDeviceSchema = z.object({
  id: deviceSchema.describe("The id that the device connected with (`auth.device`), or else its socket's."),
  sid: sidSchema.describe("The id of the device's socket; not a secret."),
  transport,
});

export const memberSchema = z
  .object({ user, name, devices: z.array(presenceDeviceSchema) })
  .describe("One user in a room, however many devices they are there with.");

export const presenceChangeSchema = z
  .object({
    type: z.enum(["join", "update", "leave"]),
    member: memberSchema.describe("Of an `update`, `devices` are those that are new or changed."),
    gone: z
      .exactOptional(z.array(deviceSchema))
      .describe(
        "Ids of the devices that are not there any more; of an `update` only, and left out where there are none.",
      ),
  })
  .describe(
    "A user came to a room (`join`, with all devices), went (`leave`, without devices), or is there on other devices or " +
      "transports or under another name than before (`update`).",
  );

export const messageSchema = z
  .object({
    room,
    id: messageIdSchema.describe("The publisher's id for it, or one that the server made."),
    position: positionSchema.describe("The place just after this message."),
    from,
    data,
    at,
  })
  .describe("A message that was published to a room.");

/** Those of a page or of an answer. */
export const messagesSchema = z.array(messageSchema);

export const inboxMessageSchema = z
  .object({ type: z.literal("message"), id, position, from, data, at })
  .describe("A message to a user, out of the user's inbox.");

export const inboxReceiptSchema = z
  .object({
    type: z.literal("receipt"),
    id: messageIdSchema.describe("Of the message that was processed."),
    position,
    from: z.object({ user }).describe("Who processed it first, of the recipient's devices."),
    at,
  })
  .describe("Says that a user has processed a message of one's own; it comes through the inbox too.");

export const joinedHistorySchema = z.object({
  messages: messagesSchema.describe("In the order of the log."),
  more: z.boolean().describe("Whether there are older ones."),
});

/** A closed set, that may grow: to clients a code is a string. */
export const errorCodeSchema: z.ZodType<string> = z
  .enum(Object.keys(API_ERRORS) as ApiErrorCode[])
  .describe("A code of the closed table in errors.ts.");

export const errorSchema = z.object({
  code: errorCodeSchema,
  message: z.string().min(1).describe("What is wrong, and what to do about it."),
  retryable: z.boolean().describe("Whether the same call may succeed later."),
  retryAfter: z
    .exactOptional(wholeNumber(0))
    .describe("Milliseconds before which it will not; left out where that is not known."),
});

/** The ack of a refused call. */
export const refusalSchema = z.object({ ok: z.literal(false), error: errorSchema });

/** By the names that they have in docs/asyncapi.json; the objects also in types.ts. */
export const SHAPES = {
  RoomName: roomSchema,
  UserId: userSchema,
  DeviceId: deviceSchema,
  ConnectionId: sidSchema,
  MessageId: messageIdSchema,
  DisplayName: shownNameSchema,
  Token: tokenSchema,
  Time: timeSchema,
  Data: dataSchema,
  Position: positionSchema,
  Transport: transportSchema,
  SenderTransport: senderTransportSchema,
  Sender: senderSchema,
  Device: presenceDeviceSchema,
  Member: memberSchema,
  PresenceChange: presenceChangeSchema,
  RoomMessage: messageSchema,
  InboxMessage: inboxMessageSchema,
  InboxReceipt: inboxReceiptSchema,
  JoinedHistory: joinedHistorySchema,
  ErrorCode: errorCodeSchema,
  ApiError: errorSchema,
  Refusal: refusalSchema,
} as const;
