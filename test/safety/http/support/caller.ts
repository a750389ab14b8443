/** Requests of the bridge over HTTP as a test wants them, kept to no rule; and a server for them. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "socket.io";
import { within } from "../../../support/deadline.js";
import { EventParser, type ServerEvent } from "../../../support/event-parser.js";
import type { Json } from "../../../support/raw-websocket.js";
import type { BridgeServer } from "../../support/bridge-server.js";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface ErrorBody {
  code: string;
  message: string;
  received?: number;
  close?: { code: number; reason: string };
  retryAfter?: number;
}

export function errorOf({ body }: Reply): ErrorBody {
  return (JSON.parse(body) as { error: ErrorBody }).error;
}

export type CallHeaders = Record<string, string>;

export class Caller {
  constructor(
    readonly url: string,
    readonly session: string,
  ) {}

  static at(port: number): string {
    return `http://127.0.0.1:${port}/bridge`;
  }

  /** Opens a session. */
  static async open(port: number, headers: CallHeaders = {}): Promise<Caller> {
    const url = Caller.at(port);
    const reply = await call(url, "POST", headers);
    if (reply.status !== 201) throw new Error(`not opened: ${reply.status} ${reply.body}`);
    return new Caller(url, (JSON.parse(reply.body) as { session: string }).session);
  }

  /** A session that is connected to `/`, with the `connected` read and the socket that the server has for it. */
  static async connect(server: BridgeServer): Promise<{ caller: Caller; socket: Socket }> {
    const came = new Promise<Socket>((resolve) => server.io.once("connection", resolve));
    const caller = await Caller.open(server.port);
    await caller.post(0, [{ type: "connect" }]);
    const [open, connected] = await caller.poll(0);
    if (open?.name !== "open" || connected === undefined) throw new Error("not connected");
    return { caller, socket: await within(came, "the server's socket") };
  }

  /** @param lines Frames, or a body as it is. */
  post(
    seq: number | undefined,
    lines: readonly object[] | string,
    headers: CallHeaders = {},
  ): Promise<Reply> {
    const body =
      typeof lines === "string" ? lines : lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    return call(
      this.url,
      "POST",
      { ...this.#headers(), ...(seq !== undefined && { "Crossroom-Seq": String(seq) }), ...headers },
      body,
    );
  }

  get(headers: CallHeaders = {}): Promise<Reply> {
    return call(this.url, "GET", { ...this.#headers(), ...headers });
  }

  /** The events of one poll, which must be answered. */
  async poll(ack: number, headers: CallHeaders = {}): Promise<ServerEvent[]> {
    const reply = await within(this.get({ "Crossroom-Ack": String(ack), ...headers }), "the poll's answer");
    if (reply.status !== 200) throw new Error(`not answered: ${reply.status} ${reply.body}`);
    return new EventParser().read(reply.body);
  }

  /** Polls until so many frames have come, and gives them. */
  async frames(count: number, from = 0): Promise<Json[]> {
    const frames: Json[] = [];
    while (frames.length < count) {
      const events = await this.poll(from + frames.length);
      frames.push(...framesOf(events));
    }
    return frames;
  }

  delete(): Promise<Reply> {
    return call(this.url, "DELETE", this.#headers());
  }

  /** A stream, from the first frame that is not received. */
  async stream(ack: number, headers: CallHeaders = {}): Promise<Stream> {
    const response = await open(this.url, "GET", {
      ...this.#headers(),
      Accept: "text/event-stream",
      "Crossroom-Ack": String(ack),
      ...headers,
    });
    return new Stream(response);
  }

  #headers(): CallHeaders {
    return { "Crossroom-Session": this.session };
  }
}

export function framesOf(events: readonly ServerEvent[]): Json[] {
  return events.filter(({ name }) => name === "frame").map(({ data }) => JSON.parse(data) as Json);
}

/** The events of a stream, one after the other. */
export class Stream {
  readonly #parser = new EventParser();
  readonly #events: ServerEvent[] = [];
  #wake: (() => void) | undefined;
  isEnded = false;

  constructor(readonly response: IncomingMessage) {
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      this.#events.push(...this.#parser.read(text));
      this.#wake?.();
    });
    response.on("error", () => undefined); // told by "close"
    response.on("close", () => {
      this.isEnded = true;
      this.#wake?.();
    });
  }

  /** The next event; undefined at the end. */
  async next(what = "an event", milliseconds?: number): Promise<ServerEvent | undefined> {
    while (this.#events.length === 0 && !this.isEnded) {
      await within(new Promise<void>((resolve) => (this.#wake = resolve)), what, milliseconds);
    }
    return this.#events.shift();
  }

  /** The next that has the name. */
  async until(name: string, milliseconds?: number): Promise<ServerEvent> {
    for (;;) {
      const event = await this.next(name, milliseconds);
      if (event === undefined) throw new Error(`the stream ended before ${name}`);
      if (event.name === name) return event;
    }
  }

  async json(): Promise<Json> {
    return JSON.parse((await this.until("frame")).data) as Json;
  }

  cut(): void {
    this.response.destroy();
  }
}

async function call(url: string, method: string, headers: CallHeaders, body?: string): Promise<Reply> {
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

export { call };

function open(url: string, method: string, headers: CallHeaders): Promise<IncomingMessage> {
  return within(
    new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(url, { method, headers, agent: false }).on("error", reject).on("response", resolve).end();
    }),
    "the head of the answer",
  );
}
