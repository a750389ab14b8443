/**
 * Socket.IO packets as text, taken apart and put together without parsing the JSON inside. Pure.
 *
 * The format is that of socket.io-parser 4 (https://github.com/socketio/socket.io-protocol, revision 5): a digit,
 * `N-` with N attachments, `/namespace,`, an ack id, a JSON array or object, each but the first only where needed.
 */
import { endOfString } from "./frames.js";

export const PacketType = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
} as const;

export interface PacketParts {
  type: number;
  /** How many binary packets follow. */
  attachments: number;
  ns: string;
  id: number | undefined;
  /** The JSON payload as it stands; empty where there is none. */
  json: string;
}

export function splitPacket(packet: string): PacketParts {
  const type = packet.charCodeAt(0) - 0x30;
  let at = 1;
  let attachments = 0;
  if (type === PacketType.BINARY_EVENT || type === PacketType.BINARY_ACK) {
    const dash = packet.indexOf("-");
    attachments = Number(packet.slice(1, dash));
    at = dash + 1;
  }
  let ns = "/";
  if (packet.charCodeAt(at) === 0x2f) {
    const comma = packet.indexOf(",", at);
    const end = comma === -1 ? packet.length : comma;
    ns = packet.slice(at, end);
    at = end + 1;
  }
  const idStart = at;
  while (isDigit(packet.charCodeAt(at))) at++;
  const id = at === idStart ? undefined : Number(packet.slice(idStart, at));
  // An id that is no number is none: Socket.IO has written down what its packet inherits.
  const json = packet.slice(at).search(/[[{]/);
  return { type, attachments, ns, id, json: json === -1 ? "" : packet.slice(at + json) };
}

export function joinPacket(
  type: number,
  ns: string,
  id: number | undefined,
  json: string,
  attachments = 0,
): string {
  const count = attachments === 0 ? "" : `${attachments}-`;
  return `${type}${count}${ns === "/" ? "" : `${ns},`}${id ?? ""}${json}`;
}

/** The payload `["name",a,b]` as the JSON texts `"name"` and `[a,b]`. */
export function splitEventJson(json: string): { event: string; args: string } {
  // The name is a string, or a number where an untyped server emits one: then it ends at the comma or bracket.
  const quoted = json.charCodeAt(1) === 0x22;
  const end = quoted ? endOfString(json, 1) + 1 : json.search(/[,\]]/);
  const name = json.slice(1, end);
  return {
    event: quoted ? name : JSON.stringify(name),
    args: json.charCodeAt(end) === 0x2c ? `[${json.slice(end + 1)}` : "[]",
  };
}

/** The JSON array without its last item, and that item, if it is a string. */
export function splitLastString(args: string): { args: string; last: string } | undefined {
  if (!args.endsWith('"]')) return undefined;
  const values = JSON.parse(args) as unknown[];
  const last = values.at(-1) as string;
  const tail = JSON.stringify(last).length + 1;
  // What JSON.stringify wrote, it writes again at the same length; the comma before it goes too.
  const head = args.slice(0, -tail);
  return { args: head === "[" ? "[]" : `${head.slice(0, -1)}]`, last };
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
