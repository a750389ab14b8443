/**
 * A client of either protocol, spoken to in the frames of PROTOCOL.md: over Socket.IO they are translated here, so that
 * one test serves both.
 */
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import type { ClientFrame, ServerFrame } from "../../../bridge/index.js";
import type { Member, PresenceChange, PresenceEvent, Self } from "../../../server/index.js";
import { Contract } from "./contract.js";
import { Inbox } from "./inbox.js";

/** A frame as a test writes it: what may be left out is left out. */
export type Sent =
  | { type: "connect"; auth?: object }
  | { type: "event"; event: string; args?: unknown[]; id?: number }
  | { type: "disconnect" };

type Answer = { ok: true } & Record<string, unknown>;
type Refusal = { ok: false; error: { code: string; message: string; retryable: boolean } };

export abstract class TestClient {
  /** Everything that has arrived, in order. */
  readonly frames = new Inbox<ServerFrame>();
  /** The last welcome. */
  self: Self | undefined;
  #nextId = 0;
  /** Told, and not taken yet. */
  readonly #changes: PresenceChange[] = [];

  readonly #contract: Contract | undefined;

  /** @param isRoomApi Whether the server speaks the room API: then all it sends is held against its schemas. */
  constructor(isRoomApi: boolean) {
    this.#contract = isRoomApi ? new Contract() : undefined;
  }

  protected abstract transmit(frame: Sent): void;
  abstract close(): void;
  /** Ends the connection as a page that is reloaded does: nobody says goodbye. */
  abstract cut(): void;

  send(frame: Sent): void {
    this.#contract?.sent(frame);
    this.transmit(frame);
  }

  protected arrived(frame: ServerFrame): void {
    this.#contract?.received(frame);
    this.frames.put(frame);
  }

  /** Connects, and takes the `connected` and the `welcome`. Resolves to the socket's id. */
  async enter(name?: string, auth: object = {}): Promise<string> {
    this.send({ type: "connect", auth: name === undefined ? auth : { ...auth, name } });
    const connected = await this.frames.next("connected");
    if (connected.type !== "connected") throw new Error(`not connected: ${JSON.stringify(connected)}`);
    this.self = (await this.event("welcome")) as Self;
    return connected.sid;
  }

  /** Makes a call, and takes its ack, which must be the next thing to arrive. */
  async call(event: string, ...args: unknown[]): Promise<Answer | Refusal> {
    const id = this.#nextId++;
    this.send({ type: "event", event, args, id });
    const ack = await this.frames.next(`the ack of ${event}`);
    if (ack.type !== "ack" || ack.id !== id) throw new Error(`no ack of ${event}: ${JSON.stringify(ack)}`);
    return ack.args[0] as Answer | Refusal;
  }

  /** Makes a call, and takes its ack; what arrives before it is kept to be taken afterwards. */
  async ask(event: string, ...args: unknown[]): Promise<Answer | Refusal> {
    const id = this.#nextId++;
    this.send({ type: "event", event, args, id });
    const isAck = (frame: ServerFrame): boolean => frame.type === "ack" && frame.id === id;
    const ack = await this.frames.nextOf(isAck, `the ack of ${event}`);
    return (ack as Extract<ServerFrame, { type: "ack" }>).args[0] as Answer | Refusal;
  }

  /** The argument of the next event of this name, whatever else has arrived before it or does meanwhile. */
  async nextEvent(event: string): Promise<unknown> {
    const isEvent = (frame: ServerFrame): boolean => frame.type === "event" && frame.event === event;
    return ((await this.frames.nextOf(isEvent, event)) as Extract<ServerFrame, { type: "event" }>).args[0];
  }

  /**
   * Joins a room that it was not in, and takes its own coming, which must be the next things to arrive; but who is alone there is told of
   * nothing.
   */
  async join(room: string): Promise<Answer | Refusal> {
    const answer = await this.call("join", { room });
    if (answer.ok && isAlone(answer["members"] as Member[] | undefined)) return answer;
    const { changes = [] } = (await this.event("presence")) as PresenceEvent;
    if (changes[0]?.member.user !== this.self?.user)
      throw new Error(`not its own: ${JSON.stringify(changes)}`);
    return answer;
  }

  /** The next change that it is told of who is in a room, one at a time, without those of its own user. */
  async nextChange(): Promise<PresenceChange> {
    for (;;) {
      const change = this.#changes.shift();
      if (change === undefined)
        this.#changes.push(...(((await this.nextEvent("presence")) as PresenceEvent).changes ?? []));
      else if (change.member.user !== this.self?.user) return change;
    }
  }

  /** Takes the next frame, which must be this event; its only argument. */
  async event(event: string): Promise<unknown> {
    const frame = await this.frames.next(event);
    if (frame.type !== "event" || frame.event !== event)
      throw new Error(`no ${event}: ${JSON.stringify(frame)}`);
    return frame.args[0];
  }
}

function isAlone(members: readonly Member[] = []): boolean {
  return members.length === 1 && members[0]?.devices.length === 1;
}

class PlainClient extends TestClient {
  readonly #ws: WebSocket;

  constructor(url: string, isRoomApi: boolean) {
    super(isRoomApi);
    this.#ws = new WebSocket(`${url.replace(/^http/, "ws")}/bridge`);
    this.#ws.on("message", (data: Buffer) => this.arrived(JSON.parse(data.toString()) as ServerFrame));
  }

  protected transmit(frame: Sent | ClientFrame): void {
    const text = JSON.stringify(frame);
    if (this.#ws.readyState === WebSocket.CONNECTING) this.#ws.once("open", () => this.#ws.send(text));
    else this.#ws.send(text);
  }

  close(): void {
    this.#ws.close();
  }

  cut(): void {
    this.#ws.terminate();
  }
}

class SocketIoClient extends TestClient {
  readonly #socket;

  constructor(url: string, isRoomApi: boolean) {
    super(isRoomApi);
    this.#socket = io(url, {
      autoConnect: false,
      forceNew: true,
      reconnection: false,
      transports: ["websocket"],
      auth: {},
    });
    this.#socket.on("connect", () =>
      this.arrived({
        type: "connected",
        sid: this.#socket.id ?? "",
        pingInterval: 0,
        pingTimeout: 0,
        maxPayload: 0,
        rate: { perSecond: 500, burst: 1_000 },
      }),
    );
    this.#socket.on("connect_error", (error: Error & { data?: unknown }) =>
      this.arrived({ type: "connect_error", message: error.message, data: error.data }),
    );
    this.#socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") this.arrived({ type: "disconnect" });
    });
    this.#socket.onAny((event: string, ...args: unknown[]) => this.arrived({ type: "event", event, args }));
  }

  protected transmit(frame: Sent): void {
    if (frame.type === "connect") {
      this.#socket.auth = { ...frame.auth };
      this.#socket.connect();
    } else if (frame.type === "disconnect") {
      this.#socket.disconnect();
    } else {
      const { event, args = [], id } = frame;
      const ack = (...answer: unknown[]): void => this.arrived({ type: "ack", id: id ?? 0, args: answer });
      this.#socket.emit(event, ...args, ...(id === undefined ? [] : [ack]));
    }
  }

  close(): void {
    this.#socket.disconnect();
  }

  cut(): void {
    this.#socket.io.engine.close();
  }
}

/** Both protocols, by the name that `Device.transport` has for them. */
export const PROTOCOLS = {
  websocket: {
    title: "Socket.IO",
    open: (url: string, isRoomApi = true): TestClient => new SocketIoClient(url, isRoomApi),
  },
  bridge: {
    title: "plain WebSocket",
    open: (url: string, isRoomApi = true): TestClient => new PlainClient(url, isRoomApi),
  },
} as const;

export type Protocol = keyof typeof PROTOCOLS;
