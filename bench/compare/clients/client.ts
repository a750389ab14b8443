/** What a client of each way is to the load: something that is greeted, gets messages, and can send. */
import type { Message } from "../message.js";

/** How a client reaches its server: the file of `clients/` by that name. */
export type Way =
  | "pipe"
  | "polling"
  | "long-polling"
  | "sse"
  | "sse-h2"
  | "ws"
  | "socketio"
  | "bridge"
  | "bridge-http"
  | "webrtc"
  | "rooms";

export interface ClientSettings {
  /** Milliseconds between two polls. */
  pollEvery?: number;
  /** Whether it asks for what it missed when it comes back, by its own way of doing so. */
  resume?: boolean;
  /** Socket.IO's. Default: its own, polling first. */
  transports?: ("polling" | "websocket")[];
  /** SSE: the server says to proxies that they are not to hold the answer back. */
  unbuffered?: boolean;
  /** The bridge over HTTP: a stream, or polls. */
  reading?: "stream" | "polls";
  /** Which client of the rooms server it is. */
  over?: "socket.io" | "bridge";
  /** Where the relay is asked for a port for UDP, which is known only once the server has answered. */
  relay?: { control: number; name: string };
}

export interface Target {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly settings: ClientSettings;
  /** Gets every message that the application's code would get, parsed: the greeting (`n` is 0) as well. */
  readonly onMessage: (message: Message) => void;
}

export interface Client {
  /** Resolves when it was handed over; over HTTP, when it was answered. */
  send(message: Message): Promise<void> | void;
  /** For good. */
  close(): void;
}

/** Begins to connect. It keeps trying, as its library or a careful application does, until `close()`. */
export type Open = (target: Target) => Client;

/** Milliseconds to the next attempt, for those whose library leaves that to the application: as Socket.IO's clients do it. */
export function backoff(attempt: number): number {
  const base = Math.min(1000 * 2 ** attempt, 5000);
  return base * (0.5 + Math.random());
}
