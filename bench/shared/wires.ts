/** What a client says and hears in each protocol: the text of its WebSocket messages. Pure. */

export type Protocol = "bridge" | "socket.io";

/** What a client needs to know of what it heard. */
export type Heard =
  | { type: "refused"; why: string }
  | { type: "event"; event: string; args: unknown[] }
  | { type: "ack"; id: number; answer: unknown };

export interface Wire {
  /** Of the WebSocket endpoint. */
  readonly path: string;
  /** Said first, once the WebSocket is open. */
  connect(auth: object): string;
  /** A call of the room API. */
  call(event: string, argument: object, id: number): string;
  /** Undefined for what only keeps the connection going. */
  read(text: string): Heard | undefined;
  /** How the ack of a call begins. */
  ackStart(id: number): string;
}

/** How an answer begins that says that the call was carried out. */
export const OK = '{"ok":true';

export const WIRES: Readonly<Record<Protocol, Wire>> = {
  bridge: {
    path: "/bridge",
    connect: (auth) => JSON.stringify({ type: "connect", auth }),
    call: (event, argument, id) => JSON.stringify({ type: "event", event, args: [argument], id }),
    read: readFrame,
    ackStart: (id) => `{"type":"ack","id":${id},"args":[`,
  },
  // Engine.IO's digit (4: a message) and Socket.IO's (0 CONNECT, 2 EVENT, 3 ACK, 4 CONNECT_ERROR), then the id and the JSON.
  "socket.io": {
    path: "/socket.io/?EIO=4&transport=websocket",
    connect: (auth) => `40${JSON.stringify(auth)}`,
    call: (event, argument, id) => `42${id}${JSON.stringify([event, argument])}`,
    read: readPacket,
    ackStart: (id) => `43${id}[`,
  },
};

function readFrame(text: string): Heard | undefined {
  const frame = JSON.parse(text) as { type: string; event?: string; args?: unknown[]; id?: number };
  switch (frame.type) {
    case "event":
      return { type: "event", event: frame.event ?? "", args: frame.args ?? [] };
    case "ack":
      return { type: "ack", id: frame.id ?? -1, answer: frame.args?.[0] };
    case "connect_error":
    case "error":
      return { type: "refused", why: text };
    default:
      return undefined;
  }
}

function readPacket(text: string): Heard | undefined {
  const [, type = "", id = "", json = ""] = /^4(\d)(\d*)(.*)$/s.exec(text) ?? [];
  if (type === "4") return { type: "refused", why: text };
  if (type !== "2" && type !== "3") return undefined;
  const [first, ...others] = JSON.parse(json) as unknown[];
  if (type === "3") return { type: "ack", id: Number(id), answer: first };
  return { type: "event", event: String(first), args: others };
}
