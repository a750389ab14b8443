/**
 * The room API as an AsyncAPI 3.0 document, made from the schemas that the server itself checks with. Each call and event
 * is there twice: as an event of Socket.IO, and as the frame that carries it over the bridge.
 */
import { API_ERRORS } from "../api/errors.js";
import type { CallName, ServerEventName } from "../api/schemas.js";
import {
  ackSchema,
  CALL_COMPONENTS,
  componentSchemas,
  EVENT_COMPONENTS,
  ref,
  type Docs,
  type Json,
} from "./components.js";
import { PROTOCOLS, type Protocol } from "./protocols.js";
import { CALL_TEXTS, EVENT_TEXTS } from "./texts.js";

const calls = Object.keys(CALL_TEXTS) as CallName[];
const events = Object.keys(EVENT_TEXTS) as ServerEventName[];

/** @param version Of the package. @param docs Of the interfaces in events.ts. */
export function describeRoomsApi(version: string, docs: Docs): Json {
  const protocols = Object.entries(PROTOCOLS);
  return {
    asyncapi: "3.0.0",
    id: "urn:crossroom:rooms",
    info: {
      title: "Crossroom room API",
      version,
      description:
        "Rooms, history, presence and inboxes, over Socket.IO and over plain JSON WebSockets. " +
        "docs/rooms-api.md is normative, PROTOCOL.md is for the frames of the bridge. " +
        "The operations are the server's: it receives the calls and sends the events.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: Object.fromEntries(
      protocols.map(([name, { server }]) => [name, { ...server, security: SECURITY }]),
    ),
    channels: Object.fromEntries(
      protocols.map(([name, protocol]) => [name, { ...protocol.channel, messages: messagesOf(protocol) }]),
    ),
    operations: Object.fromEntries(
      protocols.flatMap(([name]) => [
        ...calls.map((call) => [`${name}.call.${call}`, callOperation(name, call, docs)]),
        ...events.map((event) => [`${name}.event.${event}`, eventOperation(name, event, docs)]),
      ]),
    ),
    components: { schemas: componentSchemas(docs), securitySchemes: SECURITY_SCHEMES },
    "x-error-codes": API_ERRORS,
  };
}

/** Any one of them; which of them a client can use, section 10 says. */
const SECURITY = [
  { $ref: "#/components/securitySchemes/bearer" },
  { $ref: "#/components/securitySchemes/queryToken" },
];

const SECURITY_SCHEMES = {
  bearer: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "A token in the request that opens the connection. Where a client can, it gives it as `token` in the `auth` of " +
      "its connect instead, which goes before this. Without any it is a guest, if the server takes guests.",
  },
  queryToken: {
    type: "httpApiKey",
    name: "token",
    in: "query",
    description: "The same for clients that can set no header, as browsers cannot.",
  },
};

function messagesOf({ call, ack, event }: Protocol): Json {
  return Object.fromEntries([
    ...calls.flatMap((name) => {
      const { title, call: argument, result } = CALL_TEXTS[name];
      return [
        [
          `call.${name}`,
          message(
            name,
            title,
            call.schema(name, ref(CALL_COMPONENTS[name].argument)),
            call.example(name, argument),
          ),
        ],
        [
          `ack.${name}`,
          message(
            name,
            `Answer to ${name}`,
            ack.schema(ackSchema(name)),
            ack.example({ ok: true, ...result }),
          ),
        ],
      ];
    }),
    ...events.map((name) => {
      const { title, argument } = EVENT_TEXTS[name];
      return [
        `event.${name}`,
        message(name, title, event.schema(name, ref(EVENT_COMPONENTS[name])), event.example(name, argument)),
      ];
    }),
  ]) as Json;
}

function message(name: string, title: string, payload: Json, example: unknown): Json {
  return { name, title, contentType: "application/json", payload, examples: [{ payload: example }] };
}

function callOperation(protocol: string, name: CallName, docs: Docs): Json {
  const { title, section } = CALL_TEXTS[name];
  const channel = { $ref: `#/channels/${protocol}` };
  return {
    action: "receive",
    channel,
    title,
    description: text(docs.get(`ClientEvents.${name}`), section),
    messages: [{ $ref: `#/channels/${protocol}/messages/call.${name}` }],
    reply: { channel, messages: [{ $ref: `#/channels/${protocol}/messages/ack.${name}` }] },
  };
}

function eventOperation(protocol: string, name: ServerEventName, docs: Docs): Json {
  const { title, section } = EVENT_TEXTS[name];
  return {
    action: "send",
    channel: { $ref: `#/channels/${protocol}` },
    title,
    description: text(docs.get(`ServerEvents.${name}`), section),
    messages: [{ $ref: `#/channels/${protocol}/messages/event.${name}` }],
  };
}

function text(doc: string | undefined, section: string): string {
  return [doc, `See docs/rooms-api.md, ${section}.`].filter((part) => part !== undefined).join(" ");
}
