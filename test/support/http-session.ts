/**
 * A client of the bridge over HTTP as PROTOCOL.md, 12, describes one, on Node's requests alone. It keeps to the rules, but for
 * waits, which are short, and may be told to go silent or deaf.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { EventParser } from "./event-parser.js";

export type Reading = "sse" | "polling";

export interface HttpSessionOptions {
  readonly reading: Reading;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM of the certificate to trust. */
  readonly ca?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export class HttpRefused extends Error {
  constructor(readonly answer: Answer) {
    super(`refused with ${answer.status}: ${answer.body}`);
  }
}

/** What a session tells. */
export interface HttpSessionOwner {
  onFrame(text: string): void;
  /** It is over: the server's close, or 1006 where it is known no more. */
  onClose(code: number, reason: string): void;
}

/** Milliseconds until a request that failed is made again. */
const AGAIN = 20;

export class HttpSession {
  readonly #url: URL;
  readonly #options: HttpSessionOptions;
  readonly #agent: Agent;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #streams = new Set<IncomingMessage>();
  #owner: HttpSessionOwner | undefined;
  /** The answer to the opening. */
  answer: Answer = { status: 0, headers: {}, body: "" };
  id = "";
  /** Frames that came. */
  received = 0;
  /** Lines that wait for their POST, and the number of the first. */
  #lines: string[] = [];
  #first = 0;
  #isPosting = false;
  #wantsPost = false;
  #isLeaving = false;
  #isOver = false;
  #isMute = false;
  #isDeaf = false;
  /** Milliseconds without an answer after which it gives up, and since when it has had none. */
  #patience = 0;
  #failingSince: number | undefined;

  private constructor(url: URL, options: HttpSessionOptions) {
    this.#url = url;
    this.#options = options;
    const { ca } = options;
    this.#agent =
      url.protocol === "https:"
        ? new TlsAgent({ keepAlive: true, ...(ca !== undefined && { ca }) })
        : new Agent({ keepAlive: true });
  }

  /** Opens a session; rejects with HttpRefused where the server refuses. */
  static async open(url: string, options: HttpSessionOptions): Promise<HttpSession> {
    const session = new HttpSession(new URL(url), options);
    try {
      session.answer = await session.ask("POST", {}, "");
      if (session.answer.status !== 201) throw new HttpRefused(session.answer);
    } catch (error) {
      session.#agent.destroy();
      throw error;
    }
    const { session: id, resumeTimeout } = JSON.parse(session.answer.body) as {
      session: string;
      resumeTimeout: number;
    };
    session.id = id;
    session.#patience = resumeTimeout;
    return session;
  }

  /** Begins to read. */
  begin(owner: HttpSessionOwner): void {
    this.#owner = owner;
    this.#read();
  }

  send(line: string): void {
    if (this.#isOver) return;
    this.#lines.push(line);
    this.#wantsPost = true;
    // What is said in one tick goes in one POST.
    setImmediate(() => this.#post());
  }

  /** Leaves when all was sent. */
  close(): void {
    this.#isLeaving = true;
    this.#post();
  }

  /** Is gone, without a word. */
  cut(code = 1006, reason = ""): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const stream of this.#streams) stream.destroy();
    this.#agent.destroy();
    this.#owner?.onClose(code, reason);
  }

  /** Sends nothing any more. */
  mute(): void {
    this.#isMute = true;
  }

  /** Reads nothing any more. */
  stall(): void {
    this.#isDeaf = true;
    for (const stream of this.#streams) stream.pause();
  }

  resume(): void {
    this.#isDeaf = false;
    if (this.#streams.size === 0) this.#read();
    for (const stream of this.#streams) stream.resume();
  }

  /** Makes a request as it is told, and gives the whole answer. */
  async ask(method: string, headers: Record<string, string>, body?: string | Buffer): Promise<Answer> {
    const response = await this.#request(method, headers, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    return { status: response.statusCode ?? 0, headers: response.headers, body: text };
  }

  #request(
    method: string,
    headers: Record<string, string>,
    body?: string | Buffer,
  ): Promise<IncomingMessage> {
    const send = this.#url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const all = {
        ...this.#options.headers,
        ...headers,
        ...(body !== undefined && { "Content-Length": String(Buffer.byteLength(body)) }),
      };
      const request = send(this.#url, { method, headers: all, agent: this.#agent });
      request.on("error", reject).on("response", resolve).end(body);
    });
  }

  #read(): void {
    void this.#readOnce().then(
      (waits) => {
        this.#failingSince = undefined;
        this.#later(waits ? AGAIN : 0, () => this.#read());
      },
      () => {
        this.#failingSince ??= performance.now();
        if (performance.now() - this.#failingSince > this.#patience) this.cut();
        this.#later(AGAIN, () => this.#read());
      },
    );
  }

  #later(milliseconds: number, act: () => void): void {
    if (this.#isOver || this.#isDeaf) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isOver && !this.#isDeaf) act();
    }, milliseconds);
    this.#timers.add(timer);
  }

  /** Reads one answer. Returns whether to wait before the next. */
  async #readOnce(): Promise<boolean> {
    const isStream = this.#options.reading === "sse";
    const response = await this.#request("GET", {
      "Crossroom-Session": this.id,
      "Crossroom-Ack": String(this.received),
      Accept: isStream ? "text/event-stream" : "text/plain",
    });
    this.#streams.add(response);
    try {
      if (response.statusCode !== 200) return await this.#onRefused(response);
      await this.#readEvents(response);
      return false;
    } finally {
      this.#streams.delete(response);
    }
  }

  async #readEvents(response: IncomingMessage): Promise<void> {
    response.setEncoding("utf8");
    const parser = new EventParser();
    let next = NaN;
    const take = (text: string): void => {
      for (const { name, data } of parser.read(text)) {
        if (name === "open") next = (JSON.parse(data) as { next: number }).next;
        else if (name === "frame") this.#onFrame(next++, data);
        else if (name === "close") this.#onClose(data);
        else if (name === "ping") this.#alive();
      }
    };
    response.on("data", take);
    if (this.#isDeaf) response.pause();
    await new Promise<void>((resolve) => response.once("close", resolve));
  }

  #onFrame(number: number, data: string): void {
    if (this.#isOver || number < this.received) return;
    if (number !== this.received) throw new Error(`frame ${number} came after ${this.received} frames`);
    this.received++;
    this.#owner?.onFrame(data);
  }

  #onClose(data: string): void {
    const { code, reason } = JSON.parse(data) as { code: number; reason: string };
    this.cut(code, reason);
  }

  #alive(): void {
    this.#wantsPost = true;
    this.#post();
  }

  /** A refusal that ends the session. */
  async #onRefused(response: IncomingMessage): Promise<boolean> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const status = response.statusCode ?? 0;
    if (status === 429 || status >= 500) return true;
    const { error } = JSON.parse(Buffer.concat(chunks).toString()) as {
      error: { close?: { code: number; reason: string } };
    };
    this.cut(error.close?.code, error.close?.reason);
    return true;
  }

  #post(): void {
    if (this.#isOver || this.#isMute || this.#isPosting) return;
    if (!this.#wantsPost) {
      if (this.#isLeaving) this.#leave();
      return;
    }
    this.#wantsPost = false;
    this.#isPosting = true;
    const headers = {
      "Crossroom-Session": this.id,
      "Crossroom-Seq": String(this.#first),
      "Crossroom-Ack": String(this.received),
      "Content-Type": "application/x-ndjson",
    };
    const onAnswer = ({ status, body }: Answer): void => {
      this.#isPosting = false;
      if (status === 200) {
        const { received } = JSON.parse(body) as { received: number };
        this.#lines.splice(0, received - this.#first);
        this.#first = received;
        this.#wantsPost ||= this.#lines.length > 0;
        this.#post();
      } else if (status === 409 || status === 429 || status >= 500) {
        this.#again();
      } // What else there is, the next answer to a GET says too.
    };
    this.ask("POST", headers, this.#lines.join("\n")).then(onAnswer, () => {
      this.#isPosting = false;
      this.#again();
    });
  }

  #again(): void {
    this.#wantsPost = true;
    this.#later(AGAIN, () => this.#post());
  }

  #leave(): void {
    const done = (): void => this.cut(1000);
    this.ask("DELETE", { "Crossroom-Session": this.id }).then(done, done);
  }
}
