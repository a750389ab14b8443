/** What clients say to each server, and how what they hear begins: the text of WebSocket messages. Pure. */
import { OK, WIRES, type Protocol } from "../shared/wires.js";
import { DATA, PLACEHOLDER } from "./message.js";

export interface Dialect {
  /** Of the WebSocket endpoint. */
  readonly path: string;
  /** Said first, once the WebSocket is open, if anything is. */
  readonly hello?: string;
  /** How the message begins after which the client may call; undefined: it may at once. */
  readonly welcome?: string;
  /** Enters a room. */
  join(room: string): string;
  /** How the answer begins that says that the client is in the room. */
  readonly joined: string;
  /** Publishes a message with a placeholder for its number. */
  publish(room: string): string;
  /** How the answer begins that says that the message was taken. */
  readonly published: string;
  /** How a message of the room begins. */
  delivered(room: string): string;
  /** How a message begins that tells who came, where the server tells a client of itself too. */
  arrived?(room: string): string;
  /** What stands between messages that came as one of WebSocket's. */
  readonly separator?: string;
}

const JOIN_ID = 0;
const PUBLISH_ID = 1;

const EVENTS: Readonly<Record<Protocol, (name: string) => string>> = {
  bridge: (name) => `{"type":"event","event":"${name}"`,
  "socket.io": (name) => `42["${name}"`,
};

/** The room API's calls. */
function rooms(protocol: Protocol, argument: object = {}): Omit<Dialect, "hello" | "welcome"> {
  const wire = WIRES[protocol];
  return {
    path: wire.path,
    join: (room) => wire.call("join", { room }, JOIN_ID),
    joined: wire.ackStart(JOIN_ID) + OK,
    publish: (room) => wire.call("publish", { room, data: DATA, ...argument }, PUBLISH_ID),
    published: wire.ackStart(PUBLISH_ID) + OK,
    delivered: () => EVENTS[protocol]("message"),
    arrived: () => EVENTS[protocol]("presence"),
  };
}

const plain = rooms("bridge");
const socketio = rooms("socket.io");

const bridgeHello = WIRES.bridge.connect({});
const socketioHello = WIRES["socket.io"].connect({});
const bridgeWelcome = EVENTS.bridge("welcome");

export const DIALECTS = {
  /** The rooms server. It says who the client is before anything else: a client of the SDKs waits for that. */
  rooms: { ...plain, hello: bridgeHello, welcome: bridgeWelcome },
  /** The same, each message with an id of the client's own, as the SDKs send it. */
  "rooms-ids": { ...rooms("bridge", { id: PLACEHOLDER }), hello: bridgeHello, welcome: bridgeWelcome },
  "rooms-socketio": { ...socketio, hello: socketioHello, welcome: EVENTS["socket.io"]("welcome") },
  bridge: { ...plain, hello: bridgeHello, welcome: '{"type":"connected"' },
  socketio: { ...socketio, hello: socketioHello, welcome: "40" },
  /** The bridge's frames with no bridge: there is nothing to be said before the first call. */
  plain: { ...plain, path: "/" },
  /** Centrifugo's JSON protocol. */
  centrifugo: {
    path: "/connection/websocket",
    hello: '{"id":1,"connect":{}}',
    welcome: '{"id":1,"connect":{',
    join: (channel) => JSON.stringify({ id: 2, subscribe: { channel, join_leave: true } }),
    joined: '{"id":2,"subscribe":{',
    publish: (channel) => JSON.stringify({ id: 3, publish: { channel, data: DATA } }),
    published: '{"id":3,"publish":{',
    delivered: (channel) => `{"push":{"channel":${JSON.stringify(channel)},"pub":{`,
    arrived: (channel) => `{"push":{"channel":${JSON.stringify(channel)},"join":{`,
    separator: "\n",
  },
} as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof DIALECTS;
