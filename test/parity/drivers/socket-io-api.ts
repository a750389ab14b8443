/** Drives a client with the API of socket.io-client: that one, and the plain client in clients/typescript. */
import type { Manager, Socket } from "socket.io-client";
import type { IncomingHttpHeaders } from "node:http";
import type { WebSocket } from "ws";
import { Log, within } from "../support/log.js";
import { silence, type Client, type ClientSocket, type Responder } from "./driver.js";

/** Makes a client of a manager, and of a function that finds the manager's WebSocket of the time. */
export class ApiClient implements Client {
  readonly #manager: Manager;
  readonly #webSocket: () => WebSocket | null | undefined;
  answerHeaders: IncomingHttpHeaders = {};
  readonly #sockets = new Map<string, ApiSocket>();

  constructor(manager: Manager, webSocket: () => WebSocket | null | undefined) {
    this.#manager = manager;
    this.#webSocket = webSocket;
  }

  socket(ns = "/", auth?: Readonly<Record<string, unknown>>): ClientSocket {
    const options = auth === undefined ? {} : { auth: { ...auth } };
    const socket =
      this.#sockets.get(ns) ?? new ApiSocket(this.#manager.socket(ns, options), () => this.#dialled());
    this.#sockets.set(ns, socket);
    return socket;
  }

  /** The WebSocket is there, and not open yet. */
  #dialled(): void {
    this.#webSocket()?.once("upgrade", ({ headers }) => (this.answerHeaders = headers));
  }

  close(): void {
    this.#webSocket()?.close();
  }

  cut(): void {
    this.#webSocket()?.terminate();
  }

  mute(): void {
    silence(this.#webSocket());
  }

  stall(): void {
    this.#webSocket()?.pause();
  }

  resume(): void {
    this.#webSocket()?.resume();
  }
}

class ApiSocket implements ClientSocket {
  readonly #socket: Socket;
  readonly #dialled: () => void;
  readonly log: Log;
  readonly #responders = new Map<string, Responder>();

  constructor(socket: Socket, dialled: () => void) {
    this.#socket = socket;
    this.#dialled = dialled;
    this.log = new Log("what the client was told");
    const { log } = this;
    socket.on("connect", () => log.add("connect"));
    socket.on("connect_error", (error: Error & { data?: unknown }) => {
      if ("type" in error && error.type === "TransportError") log.add("refused");
      else log.add("connect_error", error.message, error.data);
    });
    socket.on("disconnect", (reason) => log.add("disconnect", reason));
    socket.onAny((event: string, ...args: unknown[]) => this.#happened(event, args));
  }

  get id(): string | undefined {
    return this.#socket.id;
  }

  get recovered(): boolean {
    return this.#socket.recovered;
  }

  connect(): this {
    this.#socket.connect();
    this.#dialled();
    return this;
  }

  async connected(): Promise<this> {
    this.connect();
    await this.log.expect("connect");
    return this;
  }

  emit(event: string, ...args: unknown[]): void {
    this.#socket.emit(event, ...args);
  }

  ask(event: string, ...args: unknown[]): Promise<unknown[]> {
    const answer = new Promise<unknown[]>((resolve) => {
      this.#socket.emit(event, ...args, (...values: unknown[]) => resolve(values));
    });
    return within(`the ack of ${event}`, answer);
  }

  askWithin(ms: number, event: string, ...args: unknown[]): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      this.#socket.timeout(ms).emit(event, ...args, (error: Error | null, ...values: unknown[]) => {
        if (error) reject(error);
        else resolve(values);
      });
    });
  }

  answer(event: string, responder: Responder): void {
    this.#responders.set(event, responder);
  }

  disconnect(): void {
    this.#socket.disconnect();
  }

  #happened(event: string, args: unknown[]): void {
    const reply = args.at(-1);
    if (typeof reply !== "function") {
      this.log.add(event, ...args);
      return;
    }
    const values = args.slice(0, -1);
    this.log.add(event, ...values);
    this.#responders.get(event)?.(
      (...answer) => {
        (reply as (...answer: unknown[]) => void)(...answer);
      },
      ...values,
    );
  }
}
