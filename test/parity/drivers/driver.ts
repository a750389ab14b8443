/** What a scenario may do as a client. Each kind of client implements it; a scenario does not know which it has. */
import type { IncomingHttpHeaders } from "node:http";
import type { WebSocket } from "ws";
import type { Log } from "../support/log.js";

export interface Target {
  /** `http://host:port` or `https://...`; each driver adds the path and the scheme of its own. */
  readonly url: string;
  /** Path of the bridge. */
  readonly bridgePath: string;
  /** The server's parser, for clients that need the same one. */
  readonly parser?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM of the certificate to trust. */
  readonly ca?: string;
}

export type Carrier = "websocket" | "sse" | "polling";

export interface Driver {
  readonly name: string;
  /** What the server's `socket.conn.transport.name` says: the one declared difference. */
  readonly transport: "websocket" | "bridge";
  readonly carrier: Carrier;
  open(target: Target): Client;
}

/** One connection, made when its first socket connects. It does not reconnect by itself. */
export interface Client {
  /** The headers of the answer to the upgrade request. */
  readonly answerHeaders: IncomingHttpHeaders;
  /** The socket of a namespace. Does not connect it. */
  socket(ns?: string, auth?: Readonly<Record<string, unknown>>): ClientSocket;
  /** Closes the WebSocket and nothing else: the server is told of no namespace. */
  close(): void;
  /** Cuts the TCP connection. */
  cut(): void;
  /** Sends nothing any more, not even pongs, and goes on reading. */
  mute(): void;
  /** Stops reading from the network. */
  stall(): void;
  /** Reads again. */
  resume(): void;
}

/** Has a WebSocket of `ws` send nothing more: all that it sends goes through these two. */
export function silence(ws: WebSocket | null | undefined): void {
  if (ws) Object.assign(ws, { send: () => undefined, pong: () => undefined });
}

/** Answers an event: `reply` sends the ack. */
export type Responder = (reply: (...values: unknown[]) => void, ...args: unknown[]) => void;

export interface ClientSocket {
  readonly id: string | undefined;
  readonly recovered: boolean;
  /**
   * What the client was told, in order: events with their arguments, and `connect`, `connect_error` (message, data),
   * `refused` (the WebSocket could not be opened) and `disconnect` (reason).
   */
  readonly log: Log;
  /** Begins to connect to the namespace. */
  connect(): this;
  /** Connects, and waits until it is. */
  connected(): Promise<this>;
  emit(event: string, ...args: unknown[]): void;
  /** Emits, and resolves to the values of the ack. */
  ask(event: string, ...args: unknown[]): Promise<unknown[]>;
  /** As `ask`; rejects with "operation has timed out" where no ack comes in so many milliseconds. */
  askWithin(ms: number, event: string, ...args: unknown[]): Promise<unknown[]>;
  /** How to answer an event that wants an ack; without it, such an event is logged and not answered. */
  answer(event: string, responder: Responder): void;
  /** Leaves the namespace, and closes the connection if it was the last one. */
  disconnect(): void;
}
