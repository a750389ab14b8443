/** How a receiver enters a server, in bytes: just enough of Engine.IO 4, Socket.IO 5 and the bridge. Pure. */
import { MessageReader, textFrame, upgradeRequest } from "../shared/websocket.js";
import type { Entry } from "./protocol.js";

interface Door {
  /** Path of the WebSocket endpoint. */
  readonly path: string;
  /** The text message that the client sends after the handshake. */
  readonly hello?: string;
  /** How the server's text message begins that says that the client is in. */
  readonly welcome?: string;
}

const DOORS: Record<Entry, Door> = {
  raw: { path: "/" },
  // 40 is Socket.IO's CONNECT to the main namespace, in an Engine.IO message; the server answers with the same digits.
  "socket.io": { path: "/socket.io/?EIO=4&transport=websocket", hello: "40", welcome: "40" },
  bridge: { path: "/bridge", hello: '{"type":"connect"}', welcome: '{"type":"connected"' },
};

export function handshake(entry: Entry): string {
  return upgradeRequest(DOORS[entry].path);
}

/** What the client sends once the handshake is done, if anything. */
export function greeting(entry: Entry): Buffer | undefined {
  const { hello } = DOORS[entry];
  return hello === undefined ? undefined : textFrame(hello);
}

/** Whether the client is in, from all bytes that the server has sent so far. Throws if it was refused. */
export function entered(entry: Entry, bytes: Buffer): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const head = bytes.toString("latin1", 0, end);
  if (!head.startsWith("HTTP/1.1 101 "))
    throw new Error(`the server refused: ${head.split("\r\n", 1)[0] ?? ""}`);
  const { welcome } = DOORS[entry];
  if (welcome === undefined) return true;
  let isIn = false;
  const reader = new MessageReader((text) => (isIn ||= text.toString().startsWith(welcome)));
  reader.push(bytes.subarray(end + 4));
  return isIn;
}
