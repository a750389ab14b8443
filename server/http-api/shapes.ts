/** What requests and answers of the HTTP API have in them, made of the schemas of the room API. Requests have no other fields than these. */
import { z } from "zod";
import { CALLS } from "../api/calls.js";
import { API_ERRORS } from "../api/errors.js";
import { SHAPES, transportSchema } from "../api/shapes.js";
import {
  dataSchema,
  MAX_TOKEN,
  deviceSchema,
  messageIdSchema,
  positionSchema,
  roomSchema,
  shownNameSchema,
  sidSchema,
  timeSchema,
  userSchema,
  wholeNumber,
} from "../api/values.js";
import { SCOPES } from "../auth/api-keys.js";
import { HTTP_ERRORS } from "./problem.js";
import { positionTextSchema } from "./query.js";

/** Operations of one batch; a broadcast counts as one for each of its rooms. */
export const MAX_OPERATIONS = 1_000;

const count = wholeNumber(0);
const more = z.boolean().describe("Whether there are more behind these.");
const id = z.exactOptional(messageIdSchema);

const sentAsSchema = z
  .strictObject({ user: userSchema, name: z.exactOptional(shownNameSchema) }, "must be an object with a user")
  .describe(
    "In whose name it is sent; nobody need be connected. It needs the scope `publish:as`. Default: the user `server`.",
  );
const as = z.exactOptional(sentAsSchema);

const publishFields = { data: dataSchema, id, as };
const signalFields = { data: dataSchema, as };
const sendFields = {
  ...publishFields,
  receipt: z.exactOptional(z.boolean("must be true or false")),
};

export const publishSchema = z.strictObject(publishFields, objectWith("data"));
export const signalSchema = z.strictObject(signalFields, objectWith("data"));
export const sendSchema = withReceiptTo(z.strictObject(sendFields, objectWith("data")));

export const revocationSchema = z.union(
  [z.strictObject({ tokenId: z.string().min(1).max(MAX_TOKEN) }), z.strictObject({ user: userSchema })],
  'must be {"tokenId": ID} or {"user": ID}',
);

const toOneSchema = z.strictObject({ op: z.literal("publish"), room: roomSchema, ...publishFields });
const toManySchema = z.strictObject({
  op: z.literal("publish"),
  rooms: z
    .array(roomSchema)
    .min(1, "must name a room")
    .max(MAX_OPERATIONS, `must name ${MAX_OPERATIONS} rooms at most`),
  ...publishFields,
});
const batchSendSchema = withReceiptTo(
  z.strictObject({ op: z.literal("send"), user: userSchema, ...sendFields }),
);
const batchSignalSchema = z.strictObject({ op: z.literal("signal"), room: roomSchema, ...signalFields });

/** Each kind by itself, so that an error says what is wrong with it, and not that it is none of them. */
const batchOperationSchema = z.union([toOneSchema, toManySchema, batchSendSchema, batchSignalSchema]);

export type BatchOperation = z.output<typeof batchOperationSchema>;

export const batchSchema = z
  .strictObject(
    {
      operations: z
        .array(batchOperationSchema, "must be a list")
        .min(1, "must have an operation")
        .max(MAX_OPERATIONS, `must have ${MAX_OPERATIONS} operations at most`),
    },
    objectWith("operations"),
  )
  .refine(
    ({ operations }) =>
      operations.reduce((sum, one) => sum + ("rooms" in one ? one.rooms.length : 1), 0) <= MAX_OPERATIONS,
    {
      path: ["operations"],
      message: `must have ${MAX_OPERATIONS} operations at most, with a broadcast counted for each room`,
    },
  );

/** The schema that says what is wrong with an operation of a batch, which a union does not. */
export function schemaOfOperation(value: unknown): z.ZodType {
  const has = (field: string): boolean =>
    typeof value === "object" && value !== null && Object.hasOwn(value, field);
  const op: unknown = has("op") ? (value as { op: unknown }).op : undefined;
  if (op === "publish") return has("rooms") ? toManySchema : toOneSchema;
  if (op === "send") return batchSendSchema;
  if (op === "signal") return batchSignalSchema;
  return z.object(
    { op: z.enum(["publish", "send", "signal"], "must be publish, send or signal") },
    "must be an object",
  );
}

export const problemSchema = z
  .object({
    type: z.string().describe("A name of the code, as a URI; nothing is there to be fetched."),
    title: z.string().describe("What the code means; always the same."),
    status: z.int().min(400).max(599),
    detail: z.string().describe("What is wrong with this request, and what to do about it."),
    code: z
      .enum([...Object.keys(API_ERRORS), ...Object.keys(HTTP_ERRORS)])
      .describe("For programs. More may come."),
    retryable: z.boolean().describe("Whether the same request may succeed later."),
    errors: z
      .exactOptional(z.array(z.object({ field: z.string(), message: z.string() })))
      .describe("Each field that is wrong."),
  })
  .describe("RFC 9457.");

export const publishedSchema = CALLS.publish.answer;
export const sentSchema = CALLS.send.answer;
export const historySchema = CALLS.history.answer;
export const membersSchema = CALLS.presence.answer;

const logFields = {
  position: positionSchema.describe("Of the newest entry."),
  first: count.describe(
    "Offset of the oldest entry that is kept; one more than the position's where none is.",
  ),
};

export const roomSummarySchema = z.object({
  room: roomSchema,
  ...logFields,
  members: count.describe("Users in the room."),
});
export const roomsPageSchema = z.object({ rooms: z.array(roomSummarySchema), more });

export const inboxSummarySchema = z.object({
  user: userSchema,
  ...logFields,
  devices: z.array(
    z.object({
      device: deviceSchema,
      cursor: positionSchema,
      seen: timeSchema.describe("When it was last connected."),
    }),
  ),
});

export const connectionSchema = z.object({
  sid: sidSchema,
  user: userSchema,
  name: shownNameSchema,
  guest: z.boolean(),
  device: deviceSchema,
  transport: transportSchema,
  address: z.string().describe("An IPv4 address, or the /64 of an IPv6 one."),
  since: timeSchema,
  rooms: z.array(roomSchema),
});
export const connectionsPageSchema = z.object({ connections: z.array(connectionSchema), more });
export const connectionCountSchema = z.object({ connections: count.describe("How many there were.") });

const resultFields = {
  status: z.int().describe("As it would be of a request of its own."),
  answer: z.exactOptional(z.union([publishedSchema, sentSchema])),
  problem: z.exactOptional(problemSchema),
};
const roomResultSchema = z.object({ room: roomSchema, ...resultFields });
const batchResultSchema = z
  .object({
    ...resultFields,
    results: z.exactOptional(z.array(roomResultSchema)).describe("Of a broadcast: of each room."),
  })
  .describe(
    "With `answer` where it was done, with `problem` where it was refused; a signal has neither. A broadcast's status is 207 where a room's is an error.",
  );
export const batchAnswerSchema = z.object({
  results: z.array(batchResultSchema).describe("In the order of the operations."),
});
export type BatchResult = z.output<typeof batchResultSchema>;
export type RoomResult = z.output<typeof roomResultSchema>;

export const infoSchema = z.object({
  name: z.literal("crossroom"),
  version: z.string(),
  time: timeSchema,
  limits: z.object({
    messageBytes: count.describe("Bytes that the `data` of one message may have, as JSON."),
    batchBytes: count,
    batchOperations: count,
  }),
  key: z.object({
    id: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    rooms: z.exactOptional(z.array(z.string())),
    expires: z.exactOptional(timeSchema),
  }),
});
export const statusSchema = z.object({ status: z.literal("ok") });

/** By the names that they have in docs/openapi.json. Those of the room API have the names of docs/asyncapi.json. */
export const NAMED_SHAPES: Readonly<Record<string, z.ZodType>> = {
  RoomName: SHAPES.RoomName,
  UserId: SHAPES.UserId,
  DeviceId: SHAPES.DeviceId,
  ConnectionId: SHAPES.ConnectionId,
  MessageId: SHAPES.MessageId,
  DisplayName: SHAPES.DisplayName,
  Time: SHAPES.Time,
  Data: SHAPES.Data,
  Position: SHAPES.Position,
  PositionText: positionTextSchema,
  Transport: SHAPES.Transport,
  Sender: SHAPES.Sender,
  Device: SHAPES.Device,
  Member: SHAPES.Member,
  RoomMessage: SHAPES.RoomMessage,
  SentAs: sentAsSchema,
  PublishRequest: publishSchema,
  SignalRequest: signalSchema,
  SendRequest: sendSchema,
  RevocationRequest: revocationSchema,
  BatchRequest: batchSchema,
  Published: publishedSchema,
  Sent: sentSchema,
  History: historySchema,
  PresencePage: membersSchema,
  RoomSummary: roomSummarySchema,
  RoomsPage: roomsPageSchema,
  InboxSummary: inboxSummarySchema,
  Connection: connectionSchema,
  ConnectionsPage: connectionsPageSchema,
  ConnectionCount: connectionCountSchema,
  BatchAnswer: batchAnswerSchema,
  Info: infoSchema,
  Status: statusSchema,
  Problem: problemSchema,
};

function objectWith(fields: string): { error: (issue: { code?: string | undefined }) => string | undefined } {
  return {
    error: ({ code }) => (code === "unrecognized_keys" ? undefined : `must be an object with ${fields}`),
  };
}

/** A receipt goes into the inbox of whom it was sent as. */
function withReceiptTo<Schema extends z.ZodType<{ receipt?: boolean; as?: object }>>(schema: Schema): Schema {
  return schema
    .refine(({ receipt, as: sender }) => receipt !== true || sender !== undefined, {
      path: ["receipt"],
      message: "needs as: whose inbox the receipt is for",
    })
    .meta({
      if: { properties: { receipt: { const: true } }, required: ["receipt"] },
      then: { required: ["as"] },
    });
}
