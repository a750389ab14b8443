/** What carries the frames of one connection: a WebSocket, or a session over HTTP. Types only. */

import type { TransportError } from "./errors.js";

/** The ways to the server (docs/sdk.md, 6.1). */
export type TransportName = "websocket" | "sse" | "polling";

/**
 * How it is found out that a connection is dead (PROTOCOL.md, 6.2): by the server's pings, as the transport tells of them; by asking, where it
 * does not; or the transport finds out itself.
 */
export type Heartbeat = "heard" | "asked" | "own";

export interface Transport {
  readonly name: TransportName;
  readonly heartbeat: Heartbeat;
  /** Whether what is sent now leaves at once. */
  readonly drained: boolean;
  send(text: string): void;
  /** Ends the connection. `abrupt`: at once, where it can, as the other side is not there any more. */
  hangUp(abrupt: boolean): void;
}

/** What happens to a connection. After `lost`, or after `hangUp`, nothing more is called. */
export interface TransportEvents {
  opened(): void;
  /** A text message, or `undefined` for a binary one, which the protocol does not know. */
  message(text: string | undefined): void;
  /** A WebSocket ping, where the class tells. */
  ping(): void;
  /** The transport has sent a message of its own, which the server counts (PROTOCOL.md, 9). */
  counted(): void;
  /** It has another name now. */
  changed(): void;
  /** It closed, or could not be opened; with an error if there was one. */
  lost(end: TransportEnd): void;
}

export interface TransportEnd {
  readonly code: number;
  readonly reason: string;
  readonly error?: TransportError;
}
