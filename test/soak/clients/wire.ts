/**
 * One connection of a client that knows PROTOCOL.md and docs/rooms-api.md alone: JSON frames on a WebSocket, the
 * heartbeat, calls with acks. Everything is handed on in the very order in which the frames came.
 */
import { WebSocket } from "ws";

export interface ApiError {
  code: string;
  message: string;
  retryable: boolean;
}

/** An ack of the room API. */
export type Answer = ({ ok: true } & Record<string, unknown>) | { ok: false; error: ApiError };

export interface WireEvents {
  /** Connected and welcomed: calls can be made. */
  welcome(self: Record<string, unknown>): void;
  event(name: string, argument: Record<string, unknown>): void;
  /** The connection is over, or never came to be. No ack comes any more. `fatal`: not by a fault of the network. */
  closed(reason: string, fatal: boolean): void;
}

interface Frame {
  type: string;
  id?: number;
  event?: string;
  args?: unknown[];
  message?: string;
  code?: string;
  data?: { code?: string; retryable?: boolean };
  pingInterval?: number;
  pingTimeout?: number;
}

/** Milliseconds for the WebSocket, and then for the `connected`. */
const PATIENCE = 3_000;

export class Wire {
  readonly #events: WireEvents;
  readonly #ws: WebSocket;
  readonly #calls = new Map<number, (answer: Answer) => void>();
  #nextId = 0;
  #patience = PATIENCE;
  #watchdog: NodeJS.Timeout | undefined;
  #welcomed = false;
  #over = false;

  constructor(url: string, auth: Record<string, unknown>, events: WireEvents) {
    this.#events = events;
    this.#ws = new WebSocket(url, { handshakeTimeout: PATIENCE, perMessageDeflate: false });
    this.#ws.on("open", () => this.#send({ type: "connect", auth }));
    this.#ws.on("message", (data: Buffer) => this.#took(JSON.parse(data.toString()) as Frame));
    this.#ws.on("ping", () => this.#heard());
    this.#ws.on("error", (error) => this.#end(error.message, false));
    // PROTOCOL.md, 8.2: of the codes of the protocol's own, those below 4500 mean not to come again.
    this.#ws.on("close", (code) => this.#end(`closed with ${code}`, code >= 4000 && code < 4500));
    this.#heard();
  }

  call(event: string, argument: object, done: (answer: Answer) => void): void {
    const id = this.#nextId++;
    this.#calls.set(id, done);
    this.#send({ type: "event", event, args: [argument], id });
  }

  /** Ends the connection at once; `closed` is called. */
  drop(reason: string): void {
    this.#end(reason, false);
  }

  #send(frame: object): void {
    if (!this.#over) this.#ws.send(JSON.stringify(frame));
  }

  #took(frame: Frame): void {
    if (this.#over) return;
    this.#heard();
    switch (frame.type) {
      case "connected":
        // PROTOCOL.md, 6.2.
        this.#patience = (frame.pingInterval ?? 0) + (frame.pingTimeout ?? 0);
        break;
      case "connect_error":
        this.#end(
          `connect_error: ${frame.data?.code ?? frame.message ?? ""}`,
          frame.data?.retryable !== true,
        );
        break;
      case "event":
        this.#event(frame.event ?? "", (frame.args?.[0] ?? {}) as Record<string, unknown>);
        break;
      case "ack":
        this.#answered(frame.id, frame.args?.[0] as Answer);
        break;
      default:
        this.#end(`a frame ${frame.type}: ${frame.code ?? ""} ${frame.message ?? ""}`, true);
    }
  }

  #event(name: string, argument: Record<string, unknown>): void {
    if (name === "welcome" && !this.#welcomed) {
      this.#welcomed = true;
      this.#events.welcome(argument);
    } else if (this.#welcomed) {
      this.#events.event(name, argument);
    } else {
      this.#end(`${name} before the welcome`, true);
    }
  }

  #answered(id: number | undefined, answer: Answer): void {
    const done = this.#calls.get(id ?? -1);
    if (done === undefined) return this.#end(`an ack ${id ?? ""} that nobody waits for`, true);
    this.#calls.delete(id ?? -1);
    done(answer);
  }

  #heard(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#end("nothing was heard", false), this.#patience);
  }

  #end(reason: string, fatal: boolean): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#watchdog);
    this.#calls.clear();
    this.#ws.terminate();
    this.#events.closed(reason, fatal);
  }
}
