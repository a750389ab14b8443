/** Plain clients as PROTOCOL.md describes them, on a WebSocket and over HTTP. They share no code with the bridge or the SDKs. */
import type { IncomingHttpHeaders } from "node:http";
import { DEADLINE, Log, within } from "../support/log.js";
import type { Client, ClientSocket, Driver, Responder, Target } from "./driver.js";
import { dialHttp, dialWebSocket, type Dial, type Wire } from "./wires.js";

type Frame = Readonly<Record<string, unknown>>;

export const plain: Driver = {
  name: "plain WebSocket",
  transport: "bridge",
  carrier: "websocket",
  open: (target) => new PlainClient(target, dialWebSocket),
};

export const sse: Driver = {
  name: "HTTP, stream",
  transport: "bridge",
  carrier: "sse",
  open: (target) => new PlainClient(target, dialHttp("sse")),
};

export const polling: Driver = {
  name: "HTTP, polls",
  transport: "bridge",
  carrier: "polling",
  open: (target) => new PlainClient(target, dialHttp("polling")),
};

class PlainClient implements Client {
  readonly #target: Target;
  readonly #dialWire: Dial;
  answerHeaders: IncomingHttpHeaders = {};
  readonly #sockets = new Map<string, PlainSocket>();
  #wire: Wire | undefined;
  #state: "none" | "opening" | "open" = "none";

  constructor(target: Target, dialWire: Dial) {
    this.#target = target;
    this.#dialWire = dialWire;
  }

  socket(ns = "/", auth?: Readonly<Record<string, unknown>>): ClientSocket {
    const socket = this.#sockets.get(ns) ?? new PlainSocket(this, ns, auth);
    this.#sockets.set(ns, socket);
    return socket;
  }

  close(): void {
    this.#wire?.close();
  }

  cut(): void {
    this.#wire?.cut();
  }

  mute(): void {
    this.#wire?.mute();
  }

  stall(): void {
    this.#wire?.stall();
  }

  resume(): void {
    this.#wire?.resume();
  }

  /** The namespace's `connect` follows as soon as the connection is open. */
  join(socket: PlainSocket): void {
    if (this.#state === "open") socket.opened();
    else if (this.#state === "none") this.#dial();
  }

  /** Nobody needs a connection without namespaces. */
  left(): void {
    if ([...this.#sockets.values()].every((socket) => socket.state === "idle")) this.close();
  }

  send(frame: Frame): void {
    this.#wire?.send(JSON.stringify(frame));
  }

  #dial(): void {
    this.#state = "opening";
    // A connection that is being left has nothing to say to the sockets of the next one.
    const isCurrent = (): boolean => this.#wire === wire;
    const all = (tell: (socket: PlainSocket) => void): void => {
      if (isCurrent()) [...this.#sockets.values()].forEach(tell);
    };
    const wire: Wire = this.#dialWire(this.#target, {
      onAnswer: (headers) => (this.answerHeaders = headers),
      onOpen: () => {
        if (isCurrent()) this.#state = "open";
        all((socket) => socket.opened());
      },
      onMessage: (text) => {
        const frame = JSON.parse(text, fromJson) as Frame;
        this.#sockets.get(typeof frame["ns"] === "string" ? frame["ns"] : "/")?.received(frame);
      },
      onRefused: () => all((socket) => socket.refused()),
      onClosing: () => {
        if (isCurrent()) this.#state = "none";
      },
      onClose: () => {
        if (isCurrent()) this.#state = "none";
        all((socket) => socket.lost());
      },
    });
    this.#wire = wire;
  }
}

class PlainSocket implements ClientSocket {
  readonly #client: PlainClient;
  readonly #ns: string;
  readonly #auth: Readonly<Record<string, unknown>> | undefined;
  id: string | undefined;
  recovered = false;
  state: "idle" | "wanted" | "connecting" | "connected" = "idle";
  readonly log = new Log("what the client was told");
  readonly #responders = new Map<string, Responder>();
  readonly #acks = new Map<number, (values: unknown[]) => void>();
  #nextId = 0;
  #pid: unknown;
  #offset: unknown;

  constructor(client: PlainClient, ns: string, auth: Readonly<Record<string, unknown>> | undefined) {
    this.#client = client;
    this.#ns = ns;
    this.#auth = auth;
  }

  connect(): this {
    this.state = "wanted";
    this.#client.join(this);
    return this;
  }

  async connected(): Promise<this> {
    this.connect();
    await this.log.expect("connect");
    return this;
  }

  emit(event: string, ...args: unknown[]): void {
    this.#send({ type: "event", event, args: args.map(toJson) });
  }

  ask(event: string, ...args: unknown[]): Promise<unknown[]> {
    const id = this.#nextId++;
    this.#send({ type: "event", event, args: args.map(toJson), id });
    const answer = new Promise<unknown[]>((resolve) => this.#acks.set(id, resolve));
    return within(`the ack of ${event}`, answer, DEADLINE).finally(() => this.#acks.delete(id));
  }

  async askWithin(ms: number, event: string, ...args: unknown[]): Promise<unknown[]> {
    const id = this.#nextId++;
    this.#send({ type: "event", event, args: args.map(toJson), id });
    const answer = new Promise<unknown[]>((resolve) => this.#acks.set(id, resolve));
    try {
      return await within("", answer, ms);
    } catch {
      throw new Error("operation has timed out"); // the words of socket.io-client
    } finally {
      this.#acks.delete(id);
    }
  }

  answer(event: string, responder: Responder): void {
    this.#responders.set(event, responder);
  }

  disconnect(): void {
    if (this.state === "connected") {
      this.#send({ type: "disconnect" });
      this.log.add("disconnect", "io client disconnect");
    }
    this.#leave();
  }

  /** The connection is open. */
  opened(): void {
    if (this.state !== "wanted") return;
    this.state = "connecting";
    const auth = this.#auth;
    const pid = this.#pid;
    const offset = this.#offset;
    this.#send({ type: "connect", ...(auth && { auth }), pid, offset });
  }

  /** The connection was not to be had. */
  refused(): void {
    if (this.state === "wanted") this.log.add("refused");
    this.state = "idle";
  }

  /** The connection is gone. */
  lost(): void {
    if (this.state === "connected") this.log.add("disconnect", "transport close");
    this.state = "idle";
  }

  received(frame: Frame): void {
    const args = (frame["args"] ?? []) as unknown[];
    switch (frame["type"]) {
      case "connected":
        this.state = "connected";
        this.id = String(frame["sid"]);
        this.#pid = frame["pid"];
        this.recovered = frame["recovered"] === true;
        this.log.add("connect");
        return;
      case "connect_error":
        this.log.add("connect_error", frame["message"], frame["data"]);
        this.#leave();
        return;
      case "event":
        if (frame["offset"] !== undefined) this.#offset = frame["offset"];
        this.#happened(String(frame["event"]), args, frame["id"]);
        return;
      case "ack":
        this.#acks.get(Number(frame["id"]))?.(args);
        return;
      case "disconnect":
        this.log.add("disconnect", "io server disconnect");
        this.#leave();
        return;
      case "error":
        this.log.add("error", frame["code"]);
    }
  }

  #happened(event: string, args: unknown[], id: unknown): void {
    this.log.add(event, ...args);
    if (id === undefined) return;
    this.#responders.get(event)?.(
      (...values) => this.#send({ type: "ack", id, args: values.map(toJson) }),
      ...args,
    );
  }

  #leave(): void {
    this.state = "idle";
    this.#client.left();
  }

  #send(frame: Frame): void {
    this.#client.send({ ...frame, ...(this.#ns === "/" ? {} : { ns: this.#ns }) });
  }
}

/** The value with binary as PROTOCOL.md, 5.2 has it. */
function toJson(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return { $binary: value.toString("base64") };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** The other way, as a reviver of JSON.parse. */
function fromJson(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return value;
  const { $binary } = value as { $binary?: unknown };
  return typeof $binary === "string" ? Buffer.from($binary, "base64") : value;
}
