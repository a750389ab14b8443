/**
 * A client that comes to the message proxy over HTTP (PROTOCOL.md, 12): its session, which the proxy keeps, as it passes messages on and not
 * requests. What is lost of it is lost with the whole session.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Milliseconds between the pings of a stream: sooner than a client takes one for held up. */
const PING = 4_000;

export interface HttpClientEvents {
  line(text: string): void;
  /** It has left. */
  left(): void;
}

interface Reader {
  readonly response: ServerResponse;
  readonly isPoll: boolean;
  readonly end: NodeJS.Timeout;
  next: number;
}

/** What a session says at its opening, but for its id. */
export const TERMS = {
  pingInterval: 25_000,
  pingTimeout: 20_000,
  maxPayload: 1_400_000,
  resumeTimeout: 20_000,
};

export class HttpClient {
  readonly #events: HttpClientEvents;
  readonly #frames: string[] = [];
  #received = 0;
  #reader: Reader | undefined;
  #closed: { code: number; reason: string } | undefined;

  constructor(events: HttpClientEvents) {
    this.#events = events;
  }

  send(text: string): void {
    this.#frames.push(text);
    this.#write();
  }

  close(code: number, reason = ""): void {
    this.#closed ??= { code, reason };
    this.#write();
  }

  /** As where the session is not known any more. */
  terminate(): void {
    this.#reader?.response.destroy();
    this.#endReader();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") return this.#read(request, response);
    if (request.method === "DELETE") {
      this.#events.left();
      return answer(response, 204);
    }
    let body = "";
    try {
      for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    } catch {
      return; // the client has given it up
    }
    if (this.#closed !== undefined) return this.#refuse(response);
    const lines = body.split("\n").filter((line) => line !== "");
    const seq = Number(request.headers["crossroom-seq"] ?? this.#received);
    for (const line of lines.slice(Math.max(0, this.#received - seq))) {
      this.#received++;
      this.#events.line(line);
    }
    answer(response, 200, { received: this.#received });
  }

  #read({ headers }: IncomingMessage, response: ServerResponse): void {
    const next = Number(headers["crossroom-ack"] ?? 0);
    if (this.#closed !== undefined && next === this.#frames.length) return this.#refuse(response);
    this.#reader?.response.end();
    this.#endReader();
    const isPoll = headers.accept !== "text/event-stream";
    const wait = Number(headers["crossroom-wait"] ?? TERMS.pingInterval);
    const end = isPoll
      ? setTimeout(() => response.end(), wait)
      : setInterval(() => response.write("event: ping\ndata: {}\n\n"), PING);
    this.#reader = { response, isPoll, next, end };
    response.on("close", () => {
      clearTimeout(end);
      if (this.#reader?.response === response) this.#reader = undefined;
    });
    response.writeHead(200, { "content-type": isPoll ? "text/plain" : "text/event-stream" });
    response.write(`event: open\ndata: {"next":${next}}\n\n`);
    this.#write();
  }

  #write(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const fresh = this.#frames.slice(reader.next);
    for (const text of fresh) reader.response.write(`data: ${text}\n\n`);
    reader.next += fresh.length;
    if (this.#closed !== undefined) {
      reader.response.end(`event: close\ndata: ${JSON.stringify(this.#closed)}\n\n`);
      this.#endReader();
    } else if (reader.isPoll && fresh.length > 0) {
      reader.response.end();
      this.#endReader();
    }
  }

  #endReader(): void {
    clearTimeout(this.#reader?.end);
    this.#reader = undefined;
  }

  #refuse(response: ServerResponse): void {
    answer(response, 410, {
      error: { code: "closed", message: "the session is closed", close: this.#closed },
    });
  }
}

export function answer(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
