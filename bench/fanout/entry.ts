/** How a receiver enters a server, in bytes: just enough of WebSocket, Engine.IO 4, Socket.IO 5 and the bridge. Pure. */
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

/** The upgrade request (RFC 6455, 4.1). The key is the RFC's own example: it need not be random to be answered. */
export function handshake(entry: Entry): string {
  return [
    `GET ${DOORS[entry].path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");
}

/** What the client sends once the handshake is done, if anything: a masked text frame (RFC 6455, 5.2). */
export function greeting(entry: Entry): Buffer | undefined {
  const { hello } = DOORS[entry];
  if (hello === undefined) return undefined;
  // A mask of zeros is a mask too, and leaves the payload as it is.
  return Buffer.concat([Buffer.from([0x81, 0x80 | hello.length, 0, 0, 0, 0]), Buffer.from(hello)]);
}

/** Whether the client is in, from all bytes that the server has sent so far. Throws if it was refused. */
export function entered(entry: Entry, bytes: Buffer): boolean {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const head = bytes.toString("latin1", 0, end);
  if (!head.startsWith("HTTP/1.1 101 "))
    throw new Error(`the server refused: ${head.split("\r\n", 1)[0] ?? ""}`);
  const { welcome } = DOORS[entry];
  return welcome === undefined || messages(bytes.subarray(end + 4)).some((text) => text.startsWith(welcome));
}

/** The complete text messages in unmasked frames of less than 64 KiB. */
function messages(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]! & 0x7f;
    if (short === 126 && at + 4 > bytes.length) break;
    const start = at + (short === 126 ? 4 : 2);
    const end = start + (short === 126 ? bytes.readUInt16BE(at + 2) : short);
    if (end > bytes.length) break;
    texts.push(bytes.toString("utf8", start, end));
    at = end;
  }
  return texts;
}
