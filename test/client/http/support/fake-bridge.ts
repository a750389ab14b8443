/**
 * A bridge over HTTP with one session at a time, which keeps the rules of PROTOCOL.md, 12, but for what a test has go wrong. It accepts every
 * namespace, and acks an event with its arguments. Upgrades are answered as the test says.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

type Frame = Record<string, unknown>;

/** What becomes of a request; true where the test has seen to it. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

const TERMS = { pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1e6, resumeTimeout: 20_000 };

export class FakeBridge {
  readonly #http: Server;
  /** Answers upgrades. Default: there is no such thing here. */
  upgrade = (_request: IncomingMessage, socket: Duplex): void =>
    void socket.end("HTTP/1.1 426 No\r\nConnection: close\r\n\r\n");
  upgrades = 0;
  /** Before a request is handled. */
  before: Fault = () => false;
  /** After it was handled, in place of its answer. */
  after: Fault = () => false;
  /** All requests, as method and what they accept. */
  readonly log: string[] = [];
  /** Requests that open a session. */
  openings: IncomingMessage[] = [];
  /** Events that came, in their order. */
  readonly events: unknown[][] = [];
  /** Frames of the session, from the first. */
  frames: string[] = [];
  terms = TERMS;
  /** Whether the client has left. */
  left = 0;
  readonly #upgraded = new Set<Duplex>();
  #session = 0;
  #lines = 0;
  #reader: { response: ServerResponse; isPoll: boolean; next: number } | undefined;

  private constructor() {
    this.#http = createServer((request, response) => void this.#handle(request, response));
    this.#http.on("upgrade", (request, socket: Duplex) => {
      this.upgrades++;
      socket.on("error", () => undefined); // the client's end of it
      this.#upgraded.add(socket);
      socket.once("close", () => this.#upgraded.delete(socket));
      this.upgrade(request, socket);
    });
  }

  static async start(): Promise<FakeBridge> {
    const it = new FakeBridge();
    it.#http.listen(0, "127.0.0.1");
    await once(it.#http, "listening");
    return it;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  /** Sends a frame to the client. */
  say(frame: Frame): void {
    this.frames.push(JSON.stringify(frame));
    this.#write();
  }

  /** Ends the answer to the GET that is under way. `how`: whether as an answer ends, or as a connection does. */
  cut(how: "ended" | "reset"): void {
    if (how === "ended") this.#reader?.response.end();
    else this.#reader?.response.destroy();
    this.#reader = undefined;
  }

  /** Writes into the stream, as it is. */
  write(text: string): void {
    this.#reader?.response.write(text);
  }

  /** Does not know the session any more. */
  forget(): void {
    this.#session++;
    this.cut("reset");
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers } = request;
    this.log.push(method === "GET" ? `GET ${headers.accept}` : method);
    if (this.before(request, response)) return;
    let body = "";
    try {
      for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
    } catch {
      return; // the client has given it up
    }
    if (headers["crossroom-session"] === undefined) return this.#open(request, response);
    if (headers["crossroom-session"] !== `s${this.#session}`) return refuse(response, 404, "unknown_session");
    if (method === "POST") this.#post(Number(headers["crossroom-seq"] ?? this.#lines), body);
    if (method === "DELETE") this.left++;
    if (this.after(request, response)) return;
    if (method === "GET") return this.#read(request, response);
    answer(response, method === "DELETE" ? 204 : 200, { received: this.#lines });
  }

  #open(request: IncomingMessage, response: ServerResponse): void {
    this.openings.push(request);
    this.frames = [];
    this.#lines = 0;
    answer(response, 201, { session: `s${++this.#session}`, ...this.terms });
  }

  #post(seq: number, body: string): void {
    if (seq > this.#lines) throw new Error(`a gap: ${seq} after ${this.#lines}`);
    const lines = body.split("\n").filter((line) => line !== "");
    for (const line of lines.slice(this.#lines - seq)) {
      this.#lines++;
      this.#line(JSON.parse(line) as Frame);
    }
  }

  #line({ type, ns, event, args, id, data }: Frame): void {
    const where = ns === undefined ? {} : { ns };
    if (type === "connect") this.say({ type: "connected", ...where, sid: "sid", ...this.terms });
    if (type === "ping") this.say({ type: "pong", data });
    if (type !== "event") return;
    this.events.push([event, ...(args as unknown[])]);
    if (id !== undefined) this.say({ type: "ack", ...where, id, args });
  }

  #read({ headers }: IncomingMessage, response: ServerResponse): void {
    this.#reader?.response.end();
    const isPoll = headers.accept !== "text/event-stream";
    const next = Number(headers["crossroom-ack"]);
    this.#reader = { response, isPoll, next };
    response.writeHead(200, { "content-type": headers.accept ?? "" });
    response.write(`event: open\ndata: {"next":${next}}\n\n`);
    response.on("close", () => {
      if (this.#reader?.response === response) this.#reader = undefined;
    });
    this.#write();
  }

  #write(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const fresh = this.frames.slice(reader.next);
    for (const text of fresh) reader.response.write(`data: ${text}\n\n`);
    reader.next += fresh.length;
    if (reader.isPoll && fresh.length > 0) this.cut("ended");
  }
}

export function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

export function refuse(response: ServerResponse, status: number, code: string, more: object = {}): void {
  answer(response, status, { error: { code, message: code, ...more } });
}
