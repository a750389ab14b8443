/** A client of the rooms server with as little in it as can be, so that it may do what no SDK would: over each way to the server. */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { WebSocket } from "ws";
import { within } from "../../support/deadline.js";

/** Ways to the server: the bridge, and both of Socket.IO's own transports. */
export const WAYS = ["bridge", "websocket", "polling"] as const;
export type Way = (typeof WAYS)[number];

export type Answer = { ok: true } & Record<string, unknown>;
export type Refusal = { ok: false; error: { code: string; retryAfter?: number } };

/** Where an outsider connects to, and from where. */
export interface Target {
  url: string;
  /** The address to come from; undefined for any. */
  localAddress?: string | undefined;
  headers?: Record<string, string>;
}

/** What was heard: an event, or the answer to a call. */
type Heard = { event: string; argument: unknown } | { id: number; argument: unknown };

/** Milliseconds for what should take none. */
const DEADLINE = 30_000;

interface Wire {
  send(text: string): void;
  /** Takes nothing more from the server. */
  stopReading(): void;
  close(): void;
}

export class Outsider {
  /** Called with each event. */
  onEvent: (event: string, argument: unknown) => void = () => undefined;
  user = "";
  token = "";
  readonly way: Way;
  readonly ended: Promise<number>;
  #wire: Wire;
  #nextId = 0;
  #isOpen = true;
  readonly #pending = new Map<number, (answer: Answer | Refusal) => void>();

  private constructor(
    way: Way,
    target: Target,
    auth: object,
    welcomed: () => void,
    failed: (error: Error) => void,
  ) {
    this.way = way;
    let end: (code: number) => void = () => undefined;
    this.ended = new Promise((resolve) => (end = resolve));
    const events = {
      onText: (text: string) => {
        if (way !== "bridge") {
          if (text.startsWith("0")) return this.send(`40${JSON.stringify(auth)}`);
          if (text === "2") return this.send("3");
        }
        const heard = way === "bridge" ? ofFrame(text) : ofPacket(text);
        if (heard === undefined) return;
        if ("id" in heard) {
          this.#pending.get(heard.id)?.(heard.argument as Answer | Refusal);
          this.#pending.delete(heard.id);
        } else if (heard.event === "welcome") {
          const { user, token } = heard.argument as { user: string; token?: string };
          this.user = user;
          this.token = token ?? "";
          welcomed();
        } else this.onEvent(heard.event, heard.argument);
      },
      onEnd: (code: number) => {
        this.#isOpen = false;
        failed(new Error(`the connection ended with ${code}`));
        end(code);
      },
    };
    this.#wire = way === "polling" ? new Polling(target, events) : overWebSocket(way, target, auth, events);
  }

  /** Resolves with the welcome. */
  static async connect(way: Way, target: Target, auth: object = {}): Promise<Outsider> {
    let outsider: Outsider | undefined;
    const welcome = new Promise<void>((resolve, reject) => {
      outsider = new Outsider(way, target, auth, resolve, reject);
    });
    await within(welcome, "a welcome", DEADLINE);
    if (outsider === undefined) throw new Error("not reached");
    return outsider;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a text message as it is. */
  send(text: string): void {
    if (this.#isOpen) this.#wire.send(text);
  }

  call(event: string, argument: object): Promise<Answer | Refusal> {
    const id = this.#nextId++;
    const answered = new Promise<Answer | Refusal>((resolve) => this.#pending.set(id, resolve));
    this.send(this.encode(event, argument, id));
    return answered;
  }

  /** Makes calls without waiting for any answer. */
  pipeline(event: string, argument: object, times: number): void {
    for (let n = 0; n < times; n++) this.send(this.encode(event, argument, this.#nextId++));
  }

  /** A call as a text message. */
  encode(event: string, argument: object, id: number): string {
    return this.way === "bridge"
      ? JSON.stringify({ type: "event", event, args: [argument], id })
      : `42${id}${JSON.stringify([event, argument])}`;
  }

  /** Asks for a namespace. */
  askFor(ns: string): void {
    this.send(this.way === "bridge" ? JSON.stringify({ type: "connect", ns }) : `40${ns},`);
  }

  stopReading(): void {
    this.#wire.stopReading();
  }

  close(): void {
    this.#isOpen = false;
    this.#wire.close();
  }
}

interface WireEvents {
  onText(text: string): void;
  onEnd(code: number): void;
}

function overWebSocket(way: Way, target: Target, auth: object, events: WireEvents): Wire {
  const path = way === "bridge" ? "/bridge" : "/socket.io/?EIO=4&transport=websocket";
  const { localAddress, headers } = target;
  const ws = new WebSocket(`${target.url.replace(/^http/, "ws")}${path}`, {
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(headers === undefined ? {} : { headers }),
  });
  ws.on("message", (data: Buffer) => events.onText(data.toString()));
  ws.on("close", (code) => events.onEnd(code));
  ws.on("error", () => undefined);
  if (way === "bridge")
    void once(ws, "open").then(
      () => ws.send(JSON.stringify({ type: "connect", auth })),
      () => undefined,
    );
  return { send: (text) => ws.send(text), stopReading: () => ws.pause(), close: () => ws.terminate() };
}

/** Characters of one POST: what the server takes at most, and less. */
const POST_LENGTH = 200_000;

/** Engine.IO's long polling (its protocol's revision 4): messages are parted by a record separator. */
class Polling implements Wire {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #waiting: string[] = [];
  readonly #target: Target;
  readonly #events: WireEvents;
  #sid: string | undefined;
  #isReading = true;
  #isPosting = false;
  #isOpen = true;

  constructor(target: Target, events: WireEvents) {
    this.#target = target;
    this.#events = events;
    this.#poll();
  }

  send(text: string): void {
    this.#waiting.push(text);
    this.#post();
  }

  stopReading(): void {
    this.#isReading = false;
  }

  close(): void {
    this.#isOpen = false;
    this.#agent.destroy();
  }

  #poll(): void {
    if (!this.#isReading || !this.#isOpen) return;
    this.#request("GET", undefined, (body) => {
      for (const text of body.split("\x1e")) {
        if (this.#sid === undefined) this.#sid = (JSON.parse(text.slice(1)) as { sid: string }).sid;
        this.#events.onText(text);
      }
      this.#poll();
    });
  }

  #post(): void {
    if (this.#isPosting || this.#waiting.length === 0 || !this.#isOpen) return;
    const texts: string[] = [];
    for (let length = 0; this.#waiting.length > 0;) {
      length += (this.#waiting[0]?.length ?? 0) + 1;
      if (texts.length > 0 && length > POST_LENGTH) break;
      texts.push(this.#waiting.shift() ?? "");
    }
    this.#isPosting = true;
    this.#request("POST", texts.join("\x1e"), () => {
      this.#isPosting = false;
      this.#post();
    });
  }

  #request(method: string, body: string | undefined, done: (body: string) => void): void {
    const { url, localAddress, headers = {} } = this.#target;
    const sid = this.#sid === undefined ? "" : `&sid=${this.#sid}`;
    const sent = request(`${url}/socket.io/?EIO=4&transport=polling${sid}`, {
      ...{ method, agent: this.#agent, headers: { ...headers, "content-type": "text/plain;charset=UTF-8" } },
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const end = (code: number): void => {
      if (!this.#isOpen) return;
      this.close();
      this.#events.onEnd(code);
    };
    sent.on("error", () => end(0));
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", () => end(0));
      response.on("end", () => (response.statusCode === 200 ? done(text) : end(response.statusCode ?? 0)));
    });
    sent.end(body);
  }
}

function ofFrame(text: string): Heard | undefined {
  const frame = JSON.parse(text) as { type: string; event?: string; id?: number; args?: unknown[] };
  if (frame.type === "event") return { event: frame.event ?? "", argument: frame.args?.[0] };
  return frame.type === "ack" ? { id: frame.id ?? -1, argument: frame.args?.[0] } : undefined;
}

/** Of a packet of Socket.IO's: 42 is an event, 43 an ack. */
function ofPacket(text: string): Heard | undefined {
  const [, type, id, json] = /^4([23])(\d*)(\[[^]*)$/.exec(text) ?? [];
  if (json === undefined) return undefined;
  const args = JSON.parse(json) as unknown[];
  if (type === "3") return { id: Number(id), argument: args[0] };
  return { event: args[0] as string, argument: args[1] };
}
