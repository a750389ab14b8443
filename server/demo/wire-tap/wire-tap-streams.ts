/** `GET /inspect?token=…`: what passes on a page's own connections, as server-sent events. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { WireTaps } from "./wire-taps.js";
import { isSameOrigin } from "./shown-heads.js";

/** Bytes that may wait for a page that reads slowly; past that it is cut off, and comes back by itself. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Milliseconds after which a page comes back. */
const RETRY_DELAY = 500;

/** The streams that are open, so that a shutdown can end them. */
export class WireTapStreams {
  readonly #taps: WireTaps;
  readonly #visitorOf: (request: IncomingMessage) => string;
  readonly #open = new Set<ServerResponse>();

  /** @param visitorOf What a visitor counts as. */
  constructor(taps: WireTaps, visitorOf: (request: IncomingMessage) => string) {
    this.#taps = taps;
    this.#visitorOf = visitorOf;
  }

  /** Answers a request to `/inspect`. `sendError` answers with a status and says what to do. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams,
    sendError: (status: 400 | 403 | 503, message: string) => void,
  ): void {
    if (!isSameOrigin(request)) {
      sendError(403, "only a page of this server may read what passes on its connections");
      return;
    }
    const token = query.get("token") ?? "";
    if (!WireTaps.isToken(token)) {
      sendError(400, "token must be 128 to 256 random bits in lowercase hexadecimal");
      return;
    }
    const waiting: string[] = [];
    let send = (record: string): void => void waiting.push(record);
    const stop = this.#taps.watch(token, this.#visitorOf(request), (record) => send(record));
    if (stop === undefined) {
      sendError(503, "too many pages are being inspected; close one");
      return;
    }
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write(`retry: ${RETRY_DELAY}\n\n`);
    send = (record) => {
      // Between its end and its "close", writing to a response is an error that nobody would catch.
      if (response.writableEnded || response.destroyed) return;
      response.write(`data: ${record}\n\n`);
      if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
    };
    waiting.forEach(send);
    this.#open.add(response);
    request.socket.setNoDelay(true);
    response.once("close", () => {
      stop();
      this.#open.delete(response);
    });
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}
