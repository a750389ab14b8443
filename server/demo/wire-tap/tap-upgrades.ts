/**
 * Listens in on the sockets of pages that asked for it: those whose upgrade request has `?inspect=<token>`, and comes from a page
 * of this server's. Other connections pay one look at their URL. Frames are shown as they were on the wire; of the HTTP heads
 * only what makes the handshake.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { describeFrame } from "./describe.js";
import { FrameReader } from "./frame-reader.js";
import type { Direction } from "./records.js";
import type { WireTaps, Recorder } from "./wire-taps.js";
import { isSameOrigin, shownRequest, shownResponse } from "./shown-heads.js";

/** Bytes of a payload that are shown. */
const SHOWN_BYTES = 4 * 1024;

/** A response head that is longer is none of ours. */
const MAX_HEAD = 16 * 1024;

const END_OF_HEAD = Buffer.from("\r\n\r\n");

/**
 * Taps `server`, whose upgrades others answer.
 * @param visitorOf What a visitor counts as.
 */
export function tapUpgrades(
  server: Server,
  taps: WireTaps,
  visitorOf: (request: IncomingMessage) => string,
  now: () => number,
): void {
  // Before all others, so that the answer to the handshake is seen.
  server.prependListener("upgrade", (request: IncomingMessage, socket: Duplex) => {
    const token = tokenOf(request.url);
    // Another site's page may open a connection here with its visitor's cookies, and a token that it knows.
    if (token === undefined || !isSameOrigin(request)) return;
    const recorder = taps.connect(token, visitorOf(request));
    if (recorder !== undefined) new Tap(request, socket, recorder, now);
  });
}

function tokenOf(url: string | undefined): string | undefined {
  if (url?.includes("inspect=") !== true) return undefined;
  return new URLSearchParams(url.slice(url.indexOf("?"))).get("inspect") ?? undefined;
}

class Tap {
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  readonly #recorder: Recorder;
  readonly #now: () => number;
  readonly #up = new FrameReader(SHOWN_BYTES);
  readonly #down = new FrameReader(SHOWN_BYTES);
  /** The answer to the handshake, as long as its head is incomplete. */
  #head: Buffer | undefined = Buffer.alloc(0);

  constructor(request: IncomingMessage, socket: Duplex, recorder: Recorder, now: () => number) {
    this.#request = request;
    this.#socket = socket;
    this.#recorder = recorder;
    this.#now = now;
    const look = (chunk: unknown, encoding: unknown): void => this.#onWrite(chunk, encoding);
    const write = socket.write.bind(socket);
    socket.write = ((...args: Parameters<Duplex["write"]>) => {
      look(args[0], args[1]);
      return write(...args);
    }) as Duplex["write"];
    // Refusals come this way; `end` does not go through `write`.
    const end = socket.end.bind(socket);
    socket.end = ((...args: Parameters<Duplex["end"]>) => {
      look(args[0], args[1]);
      return end(...args);
    }) as Duplex["end"];
    socket.once("close", () => {
      recorder.record({ type: "end", connection: recorder.connection, at: now() });
      recorder.end();
    });
  }

  #onWrite(chunk: unknown, encoding: unknown): void {
    const bytes = bytesOf(chunk, encoding);
    if (bytes.length === 0) return;
    if (this.#head === undefined) this.#onFrames("down", this.#down, bytes);
    else this.#onHead(Buffer.concat([this.#head, bytes]));
  }

  #onHead(bytes: Buffer): void {
    const end = bytes.indexOf(END_OF_HEAD);
    if (end === -1) {
      this.#head = bytes.length > MAX_HEAD ? undefined : bytes;
      return;
    }
    this.#head = undefined;
    const head = bytes.subarray(0, end + END_OF_HEAD.length);
    const text = head.toString("latin1");
    const status = Number(text.split(" ", 2)[1]);
    const request = shownRequest(this.#request);
    this.#recorder.record({
      type: "handshake",
      connection: this.#recorder.connection,
      at: this.#now(),
      path: (this.#request.url ?? "").split("?", 1)[0] ?? "",
      request: { ...request, bytes: headBytes(this.#request) },
      response: { status, ...shownResponse(text), bytes: head.length },
    });
    if (status !== 101) return;
    // Not earlier: a listener makes the stream flow, and whoever answered the handshake reads it from this tick on.
    this.#socket.on("data", (chunk: Uint8Array) => this.#onFrames("up", this.#up, chunk));
    this.#onFrames("down", this.#down, bytes.subarray(head.length));
  }

  #onFrames(direction: Direction, reader: FrameReader, chunk: Uint8Array): void {
    for (const frame of reader.read(chunk)) {
      const { connection } = this.#recorder;
      this.#recorder.record({
        type: "frame",
        connection,
        at: this.#now(),
        direction,
        ...describeFrame(frame),
      });
    }
  }
}

/** The chunk of a stream's write; `end` may have none, or only a callback. */
function bytesOf(chunk: unknown, encoding: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== "string") return Buffer.alloc(0);
  return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
}

/** Bytes of a request's head on the wire. */
function headBytes({ method = "", url = "", httpVersion, rawHeaders }: IncomingMessage): number {
  const values = rawHeaders.reduce((sum, part) => sum + Buffer.byteLength(part, "latin1"), 0);
  // A colon and a space in each header, a line end after each, and after the first line and the last.
  return `${method} ${url} HTTP/${httpVersion}`.length + values + 2 * rawHeaders.length + 4;
}
