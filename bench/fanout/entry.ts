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

const DOORS: Record<Exclude<Entry, "sse">, Door> = {
  raw: { path: "/" },
  // 40 is Socket.IO's CONNECT to the main namespace, in an Engine.IO message; the server answers with the same digits.
  "socket.io": { path: "/socket.io/?EIO=4&transport=websocket", hello: "40", welcome: "40" },
  bridge: { path: "/bridge", hello: '{"type":"connect"}', welcome: '{"type":"connected"' },
};

export function handshake(entry: Entry): string {
  return entry === "sse" ? OPENING : upgradeRequest(DOORS[entry].path);
}

const OPENING = "POST /bridge HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

/** Bytes of a frame's header with a 16-bit length, and what stands around a frame as a server-sent event. */
const FRAME_HEADER = 4;
const EVENT = "data: \n\n".length;

/** Bytes that a receiver gets of `burst` frames that are sent in one tick: over HTTP they are one chunk (RFC 9112, 7.1). */
export function tickBytes(entry: Entry, frameBytes: number, burst: number): number {
  if (entry !== "sse") return burst * frameBytes;
  const events = burst * (frameBytes - FRAME_HEADER + EVENT);
  return events.toString(16).length + events + 4;
}

/** The chunk of a ping, which comes 5 s after a stream begins, whatever the heartbeat is. Not counted. */
export const SSE_PING = Buffer.from("16\r\nevent: ping\ndata: {}\n\n\r\n");

/** How a receiver enters over HTTP: three requests, one after the other. */
export class SseEntry {
  #session = "";
  #step = 0;

  /** What to send next, given all that came since the last; "in" when the client is in. Throws if it was refused. */
  next(bytes: Buffer): string | undefined {
    const text = bytes.toString("latin1");
    if (this.#step === 2)
      return text.includes('data: {"type":"connected"') && text.endsWith("\n\n\r\n") ? "in" : undefined;
    if (!text.includes("\r\n\r\n") || !text.endsWith("}")) return undefined;
    if (!/^HTTP\/1.1 20[01] /.test(text))
      throw new Error(`the server refused: ${text.split("\r\n", 1)[0] ?? ""}`);
    if (this.#step++ === 0) {
      this.#session = /"session":"([^"]+)"/.exec(text)?.[1] ?? "";
      const body = '{"type":"connect"}';
      return this.#request("POST", `Crossroom-Seq: 0\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
    return this.#request("GET", "Accept: text/event-stream\r\n\r\n");
  }

  #request(method: string, rest: string): string {
    return `${method} /bridge HTTP/1.1\r\nHost: localhost\r\nCrossroom-Session: ${this.#session}\r\n${rest}`;
  }
}

/** What the client sends once the handshake is done, if anything. */
export function greeting(entry: Entry): Buffer | undefined {
  if (entry === "sse") return undefined;
  const { hello } = DOORS[entry];
  return hello === undefined ? undefined : textFrame(hello);
}

/** Whether the client is in, from all bytes that the server has sent so far. Throws if it was refused. */
export function entered(entry: Exclude<Entry, "sse">, bytes: Buffer): boolean {
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
