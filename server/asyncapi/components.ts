/** The schemas of the AsyncAPI document, by name, made from those that the server checks calls with. */
import { z } from "zod";
import type { ServerEventName } from "../api/schemas.js";
import {
  errorSchema,
  EVENTS,
  inboxMessageSchema,
  inboxReceiptSchema,
  memberSchema,
  presenceDeviceSchema,
  refusalSchema,
  RESULTS,
  senderSchema,
  transportSchema,
} from "../api/answers.js";
import { CALLS, type CallName } from "../api/calls.js";
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
} from "../api/values.js";

/** A JSON Schema, or another part of the document. */
export type Json = Record<string, unknown>;

/** What the interfaces of events.ts say of themselves and of their fields: by `Member`, `Member.devices`. */
export type Docs = ReadonlyMap<string, string>;

/** Each call's argument and result, and each event's argument. Named as the interface of events.ts, where there is one. */
export const CALL_COMPONENTS: Readonly<Record<CallName, { argument: string; result?: string }>> = {
  join: { argument: "JoinCall", result: "Joined" },
  leave: { argument: "LeaveCall" },
  publish: { argument: "PublishCall", result: "Published" },
  signal: { argument: "SignalCall" },
  history: { argument: "HistoryCall", result: "History" },
  presence: { argument: "PresenceCall", result: "PresencePage" },
  send: { argument: "SendCall", result: "Sent" },
  inbox: { argument: "InboxCall", result: "InboxOpened" },
  inbox_ack: { argument: "InboxAckCall", result: "InboxAcked" },
  refresh: { argument: "RefreshCall", result: "Refreshed" },
};

export const EVENT_COMPONENTS: Readonly<Record<ServerEventName, string>> = {
  welcome: "Self",
  message: "RoomMessage",
  signal: "Signal",
  presence: "PresenceChange",
  inbox: "InboxItem",
  device_taken: "DeviceTaken",
  device_returned: "DeviceReturned",
  token_renewed: "TokenRenewed",
  token_expiring: "TokenExpiring",
  session_end: "SessionEnd",
};

export function ref(component: string): Json {
  return { $ref: `#/components/schemas/${component}` };
}

/** An ack's one argument: the call's result, or an error. */
export function ackSchema(call: CallName): Json {
  const { result } = CALL_COMPONENTS[call];
  const isOk: Json = { type: "object", properties: { ok: { const: true } }, required: ["ok"] };
  return { oneOf: [result === undefined ? isOk : { allOf: [isOk, ref(result)] }, ref("Refusal")] };
}

/** All components, as JSON Schema draft 7, which AsyncAPI's own schemas are a superset of. */
export function componentSchemas(docs: Docs): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of namedSchemas()) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  // As input: a client must ignore fields that it does not know, so the schemas forbid none.
  const { schemas } = z.toJSONSchema(registry, { target: "draft-7", io: "input", uri });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { ...schema }]) => {
      // The document says what dialect they are in, and where they are.
      delete schema.$schema;
      delete schema.$id;
      return [name, withDocs(schema, name, docs)];
    }),
  );
}

function namedSchemas(): [string, z.ZodType][] {
  const calls = Object.entries(CALL_COMPONENTS) as [CallName, { argument: string; result?: string }][];
  const events = Object.entries(EVENT_COMPONENTS) as [ServerEventName, string][];
  return [
    ["RoomName", roomSchema],
    ["UserId", userSchema],
    ["DeviceId", deviceSchema],
    ["ConnectionId", sidSchema],
    ["MessageId", messageIdSchema],
    ["DisplayName", shownNameSchema],
    ["Token", tokenSchema],
    ["Time", timeSchema],
    ["Data", dataSchema],
    ["Position", positionSchema],
    ["Transport", transportSchema],
    ["Sender", senderSchema],
    ["Device", presenceDeviceSchema],
    ["Member", memberSchema],
    ["InboxMessage", inboxMessageSchema],
    ["InboxReceipt", inboxReceiptSchema],
    ...calls.map(([call, { argument }]): [string, z.ZodType] => [argument, CALLS[call]]),
    ...calls.flatMap(([call, { result }]): [string, z.ZodType][] =>
      result === undefined ? [] : [[result, RESULTS[call]]],
    ),
    ...events.map(([event, name]): [string, z.ZodType] => [name, EVENTS[event]]),
    ["ApiError", errorSchema],
    ["Refusal", refusalSchema],
  ];
}

function withDocs(schema: Json, name: string, docs: Docs): Json {
  const fields = Object.entries((schema["properties"] ?? {}) as Record<string, Json>);
  const properties = fields.map(([field, value]) => [field, described(value, docs.get(`${name}.${field}`))]);
  return described(
    fields.length === 0 ? schema : { ...schema, properties: Object.fromEntries(properties) },
    docs.get(name),
  );
}

/** Nothing may stand beside a `$ref`, so that one with a description goes into an `allOf`, and one without out of it. */
function described(schema: Json, description: string | undefined): Json {
  const { allOf, ...rest } = schema as Json & { allOf?: Json[] };
  const bare = allOf?.length === 1 && Object.keys(rest).length === 0 ? (allOf[0] ?? schema) : schema;
  if (description === undefined) return bare;
  return "$ref" in bare ? { allOf: [bare], description } : { ...bare, description };
}
