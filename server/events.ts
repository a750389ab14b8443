/**
 * The room API: its events, and the shapes of their acks. The same over Socket.IO and over the bridge.
 * Imports nothing, so that browser code may import its types.
 */

/** Every ack of the room API: a result, or an error of the table in errors.ts. */
export type Ack<Result extends object = object> = ({ ok: true } & Result) | { ok: false; error: ApiError };

export interface ApiError {
  /** A code of the closed table in errors.ts. */
  code: string;
  /** What is wrong, and what to do about it. */
  message: string;
  /** Whether the same call may succeed later. */
  retryable: boolean;
}

/** How a member is connected: through Socket.IO's own transports, or the plain WebSocket bridge. */
export type Transport = "websocket" | "polling" | "webtransport" | "bridge";

/** One user in a room, however many devices they are there with. */
export interface Member {
  user: string;
  name: string;
  devices: Device[];
}

export interface Device {
  /** The id of the device's socket; not a secret. */
  sid: string;
  transport: Transport;
}

/** A message that was published to a room. */
export interface RoomMessage {
  room: string;
  /** Unique in the room. */
  id: string;
  /** Who sent it, from which device, over which transport. */
  from: { user: string; name: string; sid: string; transport: Transport };
  data: unknown;
  /** Milliseconds since the epoch, by the server's clock. */
  at: number;
}

/**
 * A device came or went. Goes to everybody else in the room. A `join` of a device that is there already says that its
 * transport changed.
 */
export type PresenceChange =
  | { room: string; type: "join"; user: string; name: string; device: Device }
  | { room: string; type: "leave"; user: string; name: string; device: Device };

export interface ClientEvents {
  /** Enter a room: from now on its messages and presence changes arrive. Joining twice is joining once. */
  join(call: { room: string }, ack: (answer: Ack<{ room: string; members: Member[] }>) => void): void;
  leave(call: { room: string }, ack: (answer: Ack) => void): void;
  /** Publish to a room that one has joined; everybody in it gets the message, the publisher too. */
  publish(
    call: { room: string; data: unknown },
    ack: (answer: Ack<{ id: string; at: number }>) => void,
  ): void;
  /** Who is in a room that one has joined. */
  presence(call: { room: string }, ack: (answer: Ack<{ room: string; members: Member[] }>) => void): void;
}

export interface ServerEvents {
  /** Who one is, sent once after connecting. */
  welcome(self: { user: string; name: string; sid: string }): void;
  message(message: RoomMessage): void;
  presence(change: PresenceChange): void;
}
