/**
 * A WebSocket client that keeps none of the rules by itself: it sends the bytes that a test gives it, answers nothing
 * unless told to, and can stop reading.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { DEADLINE, within } from "./deadline.js";
import { clientFrame, closePayload, FrameReader, Opcode, type ServerWireFrame } from "./wire.js";

/** A JSON frame of the server's, as loosely as a test needs it. */
export interface Json {
  type: string;
  ns?: string;
  id?: number;
  event?: string;
  code?: string;
  message?: string;
  args?: unknown[];
  data?: unknown;
  [field: string]: unknown;
}

/** The server's close frame; 1006 where the connection ended without one. */
export interface Close {
  code: number;
  reason: string;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The request of a handshake as every browser makes it, and any lines more. */
export function handshake(path = "/bridge", headers: Record<string, string> = {}): string {
  const all = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Sends bytes to an HTTP server, and gives all that it answers until it closes. */
export async function exchange(
  port: number,
  bytes: string | Buffer,
  what = "an answer",
): Promise<HttpAnswer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => socket.destroy()); // a reset: what came before it is the answer
  const closed = once(socket, "close");
  socket.write(bytes);
  try {
    await within(closed, what);
  } finally {
    socket.destroy();
  }
  return parseAnswer(Buffer.concat(chunks).toString("latin1"));
}

export function parseAnswer(text: string): HttpAnswer {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end === -1 ? text.length : end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const body = end === -1 ? "" : text.slice(end + 4);
  return { status: Number(first.split(" ")[1] ?? 0), headers: Object.fromEntries(headers), body };
}

export class RawWebSocket {
  /** The answer to the handshake. */
  readonly answer: HttpAnswer;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<Close>;
  /** Frames that came and were not taken. */
  readonly left: ServerWireFrame[] = [];
  /** Takes each frame as it comes, in place of the queue. */
  onFrame: ((frame: ServerWireFrame) => void) | undefined;
  /** Whether pings of the server are answered; they are not put into the queue then. */
  answersPings = true;
  #close: Close = { code: 1006, reason: "" };
  readonly #reader = new FrameReader();
  #wake: (() => void) | undefined;
  #gone = false;

  private constructor(
    readonly socket: Socket,
    head: string,
    rest: Buffer,
  ) {
    this.answer = parseAnswer(head);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => socket.destroy()); // a reset; `closed` tells of the end
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#gone = true;
        this.#wake?.();
        resolve(this.#close);
      });
    });
    if (rest.length > 0) this.#take(rest);
  }

  /** Opens one; rejects where the server refuses. `more` goes out in the same write as the handshake. */
  static async open(
    port: number,
    path = "/bridge",
    headers: Record<string, string> = {},
    more: Buffer = Buffer.alloc(0),
  ): Promise<RawWebSocket> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.write(Buffer.concat([Buffer.from(handshake(path, headers)), more]));
    let bytes = Buffer.alloc(0);
    const opened = new Promise<RawWebSocket>((resolve, reject) => {
      const fail = (): void => reject(new Error(`no WebSocket: ${bytes.toString("latin1")}`));
      socket.once("error", fail).once("close", fail);
      const read = (chunk: Buffer): void => {
        bytes = Buffer.concat([bytes, chunk]);
        const end = bytes.indexOf("\r\n\r\n");
        if (end === -1 || !bytes.toString("latin1", 0, 12).endsWith(" 101")) return;
        socket.off("data", read).off("error", fail).off("close", fail);
        resolve(new RawWebSocket(socket, bytes.toString("latin1", 0, end + 4), bytes.subarray(end + 4)));
      };
      socket.on("data", read);
    });
    try {
      return await within(opened, "the WebSocket to open");
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Opens one, connects it to `/`, and has taken the `connected`. */
  static async connected(
    port: number,
    path?: string,
    headers?: Record<string, string>,
  ): Promise<RawWebSocket> {
    const ws = await RawWebSocket.open(port, path, headers);
    ws.send({ type: "connect" });
    const frame = await ws.json();
    if (frame.type !== "connected") throw new Error(`not connected: ${JSON.stringify(frame)}`);
    return ws;
  }

  /** Whether the connection is gone. */
  get ended(): boolean {
    return this.#gone;
  }

  /** Sends a JSON frame, or text as it is. */
  send(frame: object | string): void {
    const payload = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.socket.write(clientFrame({ opcode: Opcode.TEXT, payload }));
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** The next frame; rejects if the connection ends first. */
  async frame(what = "a frame", milliseconds = DEADLINE): Promise<ServerWireFrame> {
    if (this.left.length === 0 && !this.#gone) {
      await within(new Promise<void>((resolve) => (this.#wake = resolve)), what, milliseconds);
    }
    const frame = this.left.shift();
    if (frame === undefined) throw new Error(`${what} did not come: closed with ${this.#close.code}`);
    return frame;
  }

  /** The next message, which must be JSON text. */
  async json(what?: string, milliseconds?: number): Promise<Json> {
    return jsonOf(await this.frame(what, milliseconds));
  }

  /** Messages up to the end of the connection, and how it ended. */
  async end(milliseconds?: number): Promise<{ frames: Json[]; close: Close }> {
    const close = await within(this.closed, "the connection to end", milliseconds);
    return { frames: this.left.splice(0).map(jsonOf), close };
  }

  /** Says good-bye as a client should, and waits until the connection is gone. */
  async leave(): Promise<void> {
    this.write(clientFrame({ opcode: Opcode.CLOSE, payload: closePayload(1000) }));
    await within(this.closed, "the connection to end");
  }

  #take(chunk: Buffer): void {
    for (const frame of this.#reader.read(chunk)) {
      if (frame.opcode === Opcode.CLOSE) {
        this.#close =
          frame.payload.length < 2
            ? { code: 1005, reason: "" }
            : { code: frame.payload.readUInt16BE(0), reason: frame.payload.toString("utf8", 2) };
        if (!this.socket.writableEnded) {
          this.socket.end(clientFrame({ opcode: Opcode.CLOSE, payload: frame.payload }));
        }
      } else if (frame.opcode === Opcode.PING && this.answersPings) {
        this.write(clientFrame({ opcode: Opcode.PONG, payload: frame.payload }));
      } else if (this.onFrame !== undefined) {
        this.onFrame(frame);
      } else {
        this.left.push(frame);
        this.#wake?.();
      }
    }
  }
}

export function jsonOf(frame: ServerWireFrame): Json {
  if (frame.opcode !== Opcode.TEXT) throw new Error(`a frame with opcode ${frame.opcode}, not text`);
  return JSON.parse(frame.payload.toString()) as Json;
}
