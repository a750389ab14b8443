/** A session on a clock that the test moves, and the requests that it has made: the test is the server. */
import { EventStreamParser } from "../../../../clients/typescript/src/http/event-stream.js";
import type {
  HttpEffect,
  HttpRequest,
  SessionSettings,
} from "../../../../clients/typescript/src/http/effects.js";
import { HttpSession } from "../../../../clients/typescript/src/http/session.js";

export const TERMS = {
  session: "n1.secret",
  pingInterval: 25_000,
  pingTimeout: 20_000,
  maxPayload: 1000,
  resumeTimeout: 20_000,
};

/** How a session ends that is given up. */
export const CUT = { do: "lost", end: { code: 1006, reason: "" } };

type Told = Exclude<HttpEffect, { do: "request" | "abort" | "counted" }>;

export class Drive {
  now = 1_000_000;
  readonly session: HttpSession;
  /** Requests that are under way, oldest first. */
  readonly requests: HttpRequest[] = [];
  /** What the session told, and the test has not taken. */
  readonly #told: Told[] = [];
  /** How many requests were counted as messages. */
  counted = 0;
  readonly #parsers = new Map<number, EventStreamParser>();

  constructor(settings: Partial<SessionSettings> = {}) {
    this.session = new HttpSession({ mode: "sse", isBrief: false, mayPoll: true, ...settings }, () => 0);
    this.run(this.session.open());
  }

  /** One that is open, with its first GET under way. */
  static open(settings: Partial<SessionSettings> = {}, terms: Partial<typeof TERMS> = {}): Drive {
    const it = new Drive(settings);
    it.answer("POST", 201, { ...TERMS, ...terms });
    it.told();
    return it;
  }

  /** One with a stream that has begun, and its first POST answered, with the pong. */
  static streaming(): Drive {
    const it = Drive.open();
    it.begin();
    it.send("hello");
    it.answer("POST", 200, { received: 2 });
    it.stream(PONG);
    it.told();
    return it;
  }

  run(effects: readonly HttpEffect[]): void {
    for (const effect of effects) {
      if (effect.do === "request") this.requests.push(effect.request);
      else if (effect.do === "abort") this.#drop(effect.id);
      else if (effect.do === "counted") this.counted++;
      else this.#told.push(effect);
    }
  }

  told(): Told[] {
    return this.#told.splice(0);
  }

  /** Frames among what was told; it is taken. */
  frames(): string[] {
    return this.told().flatMap((effect) => (effect.do === "frame" ? [effect.text] : []));
  }

  send(...texts: string[]): void {
    for (const text of texts) this.session.send(text);
    this.run(this.session.flush(this.now));
  }

  /** The request of this method that is under way. */
  request(method: HttpRequest["method"]): HttpRequest {
    const found = this.requests.find((request) => request.method === method);
    if (found === undefined) throw new Error(`no ${method} is under way`);
    return found;
  }

  /** Method, numbers and lines of those under way. */
  get underWay(): string[] {
    return this.requests.map(({ method, headers, body }) =>
      [method, headers["crossroom-seq"], headers["accept"], body]
        .filter((part) => part !== undefined)
        .join(" "),
    );
  }

  answer(method: HttpRequest["method"], status: number, body: unknown = "", retryAfter?: number): void {
    const { id } = this.request(method);
    this.#drop(id);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    this.run(this.session.answered(id, { status, body: text, retryAfter }, this.now));
  }

  refuse(method: HttpRequest["method"], status: number, code: string, more: object = {}): void {
    this.answer(method, status, { error: { code, message: "", ...more } });
  }

  /** Text of the answer to the GET that is under way. */
  stream(text: string): void {
    const { id } = this.request("GET");
    const parser = this.#parsers.get(id) ?? new EventStreamParser();
    this.#parsers.set(id, parser);
    this.run(this.session.came(id, parser.push(text), text.length, this.now));
  }

  begin(next = 0): void {
    this.stream(`event: open\ndata: {"next":${next}}\n\n`);
  }

  end(): void {
    const { id } = this.request("GET");
    this.#drop(id);
    this.run(this.session.ended(id, this.now));
  }

  fail(method: HttpRequest["method"]): void {
    const { id } = this.request(method);
    this.#drop(id);
    this.run(this.session.failed(id, this.now));
  }

  /** Lets time pass; what is due is done when it is. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let runs = 0; ; runs++) {
      const { deadline } = this.session;
      if (deadline === undefined || deadline > end) break;
      if (runs > 10_000) throw new Error("the session is always due");
      this.now = Math.max(this.now, deadline);
      this.run(this.session.expired(this.now));
    }
    this.now = end;
  }

  #drop(id: number): void {
    const index = this.requests.findIndex((request) => request.id === id);
    if (index !== -1) this.requests.splice(index, 1);
  }
}

export const frame = (text: string): string => `data: ${text}\n\n`;
export const PING = "event: ping\ndata: {}\n\n";
/** What a stream that nothing holds up brings, in answer to a client's probe. */
export const PONG = frame('{"type":"pong","data":"crossroom-stream"}');
