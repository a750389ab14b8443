/** How calls, acks and events look in each of the two protocols, and where they are served. */
import type { Json } from "./components.js";

/** The form of one kind of message, around the argument that it carries. */
interface Carrier<Args extends unknown[]> {
  schema(...args: [...Args, Json]): Json;
  example(...args: [...Args, unknown]): unknown;
}

export interface Protocol {
  server: Json;
  channel: Json;
  call: Carrier<[name: string]>;
  ack: Carrier<[]>;
  event: Carrier<[name: string]>;
}

/** Socket.IO carries the event's name and the ack's id itself: a message is the one argument. */
const argument: Protocol["call"] = {
  schema: (_name, schema) => schema,
  example: (_name, value) => value,
};

const socketio: Protocol = {
  server: {
    host: "localhost:3000",
    pathname: "/socket.io/",
    protocol: "ws",
    title: "Socket.IO",
    description: "Any Socket.IO client of version 3 or newer (Engine.IO 4, Socket.IO protocol 5).",
  },
  channel: {
    address: "/",
    title: "The namespace / of Socket.IO",
    description:
      "Each message here is the one argument of an event, or of its ack, as `emit` and `emitWithAck` take and give it.",
    servers: [{ $ref: "#/servers/socketio" }],
    bindings: wsBinding({
      EIO: { type: "string", const: "4" },
      transport: { type: "string", enum: ["polling", "websocket", "webtransport"] },
    }),
  },
  call: argument,
  ack: { schema: (schema) => schema, example: (value) => value },
  event: argument,
};

/** As PROTOCOL.md, 2, has it; more than one argument is for other servers than this. */
function one(schema: Json): Json {
  return { type: "array", items: [schema], minItems: 1, maxItems: 1 };
}

const ID = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const bridge: Protocol = {
  server: {
    host: "localhost:3000",
    pathname: "/bridge",
    protocol: "ws",
    title: "The bridge",
    description:
      "Plain WebSocket, one JSON frame in each text message (PROTOCOL.md). Pings are WebSocket's own.",
  },
  channel: {
    address: "/bridge",
    title: "The bridge",
    description:
      "Each message here is a whole frame of PROTOCOL.md. The client first sends `connect`, and waits for `connected`. " +
      "A call with an `id` is acked with the same `id`.",
    servers: [{ $ref: "#/servers/bridge" }],
    bindings: wsBinding({}),
  },
  call: {
    schema: (name, schema) => ({
      type: "object",
      properties: { type: { const: "event" }, event: { const: name }, args: one(schema), id: ID },
      required: ["type", "event", "args"],
    }),
    example: (name, value) => ({ type: "event", event: name, args: [value], id: 1 }),
  },
  ack: {
    schema: (schema) => ({
      type: "object",
      properties: { type: { const: "ack" }, id: ID, args: one(schema) },
      required: ["type", "id", "args"],
    }),
    example: (value) => ({ type: "ack", id: 1, args: [value] }),
  },
  event: {
    schema: (name, schema) => ({
      type: "object",
      properties: { type: { const: "event" }, event: { const: name }, args: one(schema) },
      required: ["type", "event", "args"],
    }),
    example: (name, value) => ({ type: "event", event: name, args: [value] }),
  },
};

export const PROTOCOLS = { socketio, bridge };

/** The request that opens the connection. */
function wsBinding(query: Record<string, Json>): Json {
  return {
    ws: {
      method: "GET",
      query: { type: "object", properties: { ...query, token: { $ref: "#/components/schemas/Token" } } },
      headers: {
        type: "object",
        properties: { Authorization: { type: "string", pattern: "^Bearer " } },
      },
      bindingVersion: "0.1.0",
    },
  };
}
