/**
 * The room API as an AsyncAPI 3.0 document, made from the schemas that the server itself checks with. Each call and event
 * is there twice: as an event of Socket.IO, and as the frame that carries it over the bridge.
 */
import { COMMON_ERRORS } from "../../server/api/declaration.js";
import { API_ERRORS } from "../../server/api/errors.js";
import { ackSchema, calls, componentSchemas, dataName, events, ref, type Json } from "./components.js";
import { PROTOCOLS, type Protocol } from "./protocols.js";

type Call = (typeof calls)[number];
type Event = (typeof events)[number];

/** @param version Of the package. */
export function describeRoomsApi(version: string): Json {
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
        ...calls.map((call) => [`${name}.call.${call[0]}`, callOperation(name, call)]),
        ...events.map((event) => [`${name}.event.${event[0]}`, eventOperation(name, event)]),
      ]),
    ),
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
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
    ...calls.flatMap(([name, { title, answerName, example }]) => [
      [
        `call.${name}`,
        message(name, title, call.schema(name, ref(dataName(name))), call.example(name, example.data)),
      ],
      [
        `ack.${name}`,
        message(
          name,
          `Answer to ${name}`,
          ack.schema(ackSchema(answerName)),
          ack.example({ ok: true, ...(example.answer as object) }),
        ),
      ],
    ]),
    ...events.map(([name, { title, argumentName, example }]) => [
      `event.${name}`,
      message(name, title, event.schema(name, ref(argumentName)), event.example(name, example)),
    ]),
  ]) as Json;
}

function message(name: string, title: string, payload: Json, example: unknown): Json {
  return { name, title, contentType: "application/json", payload, examples: [{ payload: example }] };
}

function callOperation(protocol: string, [name, declaration]: Call): Json {
  const { title, description, section, errors, right, budget } = declaration;
  const channel = { $ref: `#/channels/${protocol}` };
  return {
    action: "receive",
    channel,
    title,
    description: text(description, section),
    messages: [{ $ref: `#/channels/${protocol}/messages/call.${name}` }],
    reply: { channel, messages: [{ $ref: `#/channels/${protocol}/messages/ack.${name}` }] },
    ...(right === "none" ? {} : { "x-right": right }),
    ...(budget === undefined ? {} : { "x-budget": budget }),
    "x-errors": [...errors, ...COMMON_ERRORS],
  };
}

function eventOperation(protocol: string, [name, { title, description, section }]: Event): Json {
  return {
    action: "send",
    channel: { $ref: `#/channels/${protocol}` },
    title,
    description: text(description, section),
    messages: [{ $ref: `#/channels/${protocol}/messages/event.${name}` }],
  };
}

function text(description: string | undefined, section: string): string {
  return [description, `See docs/rooms-api.md, ${section}.`].filter((part) => part !== undefined).join(" ");
}
