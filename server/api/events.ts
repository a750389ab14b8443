/**
 * The room API: its events, and the shapes of their acks. The same over Socket.IO and over the bridge.
 * docs/rooms-api.md says what they mean. Imports nothing, so that browser code may import its types.
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
  /** Milliseconds before which it will not; left out where that is not known. */
  retryAfter?: number;
}

/**
 * A place in the log of a room or of an inbox; only both values together mean anything. `offset` is that of the last
 * message before the place: 0 before the first. `epoch` changes if the log was lost and begun anew.
 */
export interface Position {
  epoch: string;
  offset: number;
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
  /** The id that the device connected with (`auth.device`), or else its socket's. */
  id: string;
  /** The id of the device's socket; not a secret. */
  sid: string;
  transport: Transport;
}

/** Who sent something, from which device. */
export interface Sender {
  user: string;
  name: string;
  sid: string;
  transport: Transport;
}

/** A message that was published to a room. */
export interface RoomMessage {
  room: string;
  /** The publisher's id for it, or one that the server made. */
  id: string;
  /** The place just after this message. */
  position: Position;
  from: Sender;
  data: unknown;
  /** Milliseconds since the Unix epoch, by the server's clock. */
  at: number;
}

/** Something for those who are in a room at the moment; not kept. */
export interface Signal {
  room: string;
  from: Sender;
  data: unknown;
  at: number;
}

/**
 * A user came to a room (`join`, with all devices), went (`leave`, without devices), or is there on other devices or
 * transports or under another name than before (`update`). Goes to everybody in the room but the device.
 */
export interface PresenceChange {
  room: string;
  type: "join" | "update" | "leave";
  /** Of an `update`, `devices` are those that are new or changed. */
  member: Member;
  /** Ids of the devices that are not there any more; of an `update` only, and left out where there are none. */
  gone?: string[];
}

/** A message to a user, out of the user's inbox. */
export interface InboxMessage {
  type: "message";
  id: string;
  position: Position;
  from: Sender;
  data: unknown;
  at: number;
}

/** Says that a user has processed a message of one's own; it comes through the inbox too. */
export interface InboxReceipt {
  type: "receipt";
  /** Of the message that was processed. */
  id: string;
  position: Position;
  /** Who processed it first, of the recipient's devices. */
  from: { user: string };
  at: number;
}

export type InboxItem = InboxMessage | InboxReceipt;

/** Who one is, as the server sees it. */
export interface Self {
  user: string;
  name: string;
  sid: string;
  /** The id of this device: the `device` of `auth`, or else `sid`. */
  device: string;
  /** Whether the user is a guest. */
  guest: boolean;
  /** When the session's token runs out, in milliseconds since the Unix epoch; not there if it never does. */
  expiresAt?: number;
  /** For guests: with this token in `auth` one comes back as the same guest. The newest counts. */
  token?: string;
  /** What the `data` of one message may have, in bytes as JSON. */
  messageBytes?: number;
}

export interface ClientEvents {
  /**
   * Enter a room: from the ack on its messages arrive. With `since`, what was missed is in the ack; with `history`, the newest
   * messages, at most so many.
   */
  join(call: { room: string; since?: Position; history?: number }, ack: (answer: Ack<Joined>) => void): void;
  leave(call: { room: string }, ack: (answer: Ack) => void): void;
  /** Publish to a room that one has joined; acked once it is kept. The same `id` again changes nothing. */
  publish(call: { room: string; data: unknown; id?: string }, ack: (answer: Ack<Published>) => void): void;
  /** Tell those who are in the room right now; nothing is kept, and a slow reader may miss it. */
  signal(call: { room: string; data: unknown }, ack: (answer: Ack) => void): void;
  /** Read a room's log: what comes `after` a position, or what came `before` one; neither: the newest. */
  history(
    call: { room: string; after?: Position; before?: Position; limit?: number },
    ack: (answer: Ack<History>) => void,
  ): void;
  /** Who is in a room that one has joined, page by page: `after` the user with whom the last page ended. */
  presence(
    call: { room: string; after?: string; limit?: number },
    ack: (answer: Ack<PresencePage>) => void,
  ): void;
  /** Send to a user, there or not; acked once it is in their inbox. The same `id` again changes nothing. */
  send(
    call: { to: string; data: unknown; id?: string; receipt?: boolean },
    ack: (answer: Ack<Sent>) => void,
  ): void;
  /** Open one's inbox on this device: what waits in it arrives. `since`: what this device has processed. */
  inbox(call: { since?: Position }, ack: (answer: Ack<InboxOpened>) => void): void;
  /** This device has processed its inbox up to and with `position`. */
  inbox_ack(call: { position: Position }, ack: (answer: Ack<{ cursor: Position }>) => void): void;
  /** Go on with a new token of the same user. */
  refresh(call: { token: string }, ack: (answer: Ack<{ expiresAt?: number }>) => void): void;
}

export interface Joined {
  room: string;
  /** Up to where the room's messages are in this ack or were before it; what comes next arrives as events. */
  position: Position;
  /** With `since` only: whether `messages` is everything after it. If false, it is empty. */
  recovered?: boolean;
  /** With `since` only. */
  messages?: RoomMessage[];
  /** Where `history` was asked for, and the answer is not `recovered: true`: the newest messages up to `position`. */
  history?: JoinedHistory;
  /** The first of the members, oneself among all of them; empty where one may not see presence. */
  members: Member[];
  /** How many members there are. */
  count: number;
}

export interface JoinedHistory {
  /** In the order of the log. */
  messages: RoomMessage[];
  /** Whether there are older ones. */
  more: boolean;
}

export interface Published {
  id: string;
  position: Position;
  at: number;
  /** Whether it had been published before: this is the first result again. */
  duplicate: boolean;
}

export interface History {
  /** In the order of the log, whichever way it is read. */
  messages: RoomMessage[];
  /** Whether there are more messages in the direction of reading. */
  more: boolean;
  /** Where the log ends. */
  position: Position;
}

export interface PresencePage {
  room: string;
  members: Member[];
  count: number;
  /** Whether there are more members after these. */
  more: boolean;
}

export interface Sent {
  id: string;
  at: number;
  duplicate: boolean;
}

export interface InboxOpened {
  /** Up to where this device has processed its inbox. */
  cursor: Position;
  /** How many items wait for it. */
  waiting: number;
  /** Whether the server knew the device; if not, it begins with the oldest that is kept. */
  known: boolean;
  /** Whether the device gets all that it has not processed; false where something was dropped. */
  recovered?: boolean;
}

/** Another connection of the same guest. */
export interface GuestConnected {
  sid: string;
  device: string;
}

export interface TokenRenewed extends GuestConnected {
  token: string;
}

export interface ServerEvents {
  /** Who one is, sent once after connecting. */
  welcome(self: Self): void;
  message(message: RoomMessage): void;
  signal(signal: Signal): void;
  presence(change: PresenceChange): void;
  inbox(item: InboxItem): void;
  /** Another connection of this device has come: `sid` is its id. */
  device_taken(notice: { sid: string }): void;
  /** It has gone, and this connection is the device's newest again; its inbox goes on. */
  device_returned(notice: Record<string, never>): void;
  /** A newer token of this guest's, to keep in place of the one before; and the connection that it was given to, with its device. */
  token_renewed(notice: TokenRenewed): void;
  /** The token runs out soon: `refresh` before `expiresAt`, in milliseconds since the Unix epoch. */
  token_expiring(notice: { expiresAt: number }): void;
  /** The session ends now, and why; the connection is closed after it. */
  session_end(notice: { error: ApiError }): void;
}
