/**
 * The room API: its calls and events, and the shapes of what they carry. The same over Socket.IO and over the bridge.
 * docs/rooms-api.md says what they mean. Made from calls.ts and events.ts by
 * `UPDATE_DOCS=1 npm test -- test/server/api-types.test.ts`; imports nothing.
 */

/** Every ack of the room API: an answer, or an error of the table in errors.ts. */
export type Ack<Answer extends object = object> = ({ ok: true } & Answer) | { ok: false; error: ApiError };

/**
 * A place in the log of a room or of an inbox; only both values together mean anything. `offset` is that of the
 * last message before the place: 0 before the first. `epoch` changes if the log was lost and begun anew.
 */
export interface Position {
  epoch: string;
  offset: number;
}

/** How a member is connected: through Socket.IO's own transports, or as a plain client, on a WebSocket or over HTTP. */
export type Transport = "websocket" | "polling" | "webtransport" | "bridge" | "bridge-http";

/** How who sent something was connected; `server` where it was the application's backend. */
export type SenderTransport = "websocket" | "polling" | "webtransport" | "bridge" | "bridge-http" | "server";

/** Who sent something, from which device. What a backend sends has the `sid` `server`. */
export interface Sender {
  user: string;
  name: string;
  sid: string;
  transport: SenderTransport;
}

export interface Device {
  /** The id that the device connected with (`auth.device`), or else its socket's. */
  id: string;
  /** The id of the device's socket; not a secret. */
  sid: string;
  transport: Transport;
}

/** One user in a room, however many devices they are there with. */
export interface Member {
  user: string;
  name: string;
  devices: Device[];
}

/**
 * A user came to a room (`join`, with all devices), went (`leave`, without devices), or is there on other devices
 * or transports or under another name than before (`update`).
 */
export interface PresenceChange {
  type: "join" | "update" | "leave";
  /** Of an `update`, `devices` are those that are new or changed. */
  member: Member;
  /** Ids of the devices that are not there any more; of an `update` only, and left out where there are none. */
  gone?: string[];
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

/** A message to a user, out of the user's inbox. */
export interface InboxMessage {
  type: "message";
  id: string;
  position: Position;
  from: Sender;
  data: unknown;
  /** Milliseconds since the Unix epoch, by the server's clock. */
  at: number;
}

/** Says that a user has processed a message of one's own; it comes through the inbox too. */
export interface InboxReceipt {
  type: "receipt";
  /** Of the message that was processed. */
  id: string;
  position: Position;
  /** Who processed it first, of the recipient's devices. */
  from: {
    user: string;
  };
  /** Milliseconds since the Unix epoch, by the server's clock. */
  at: number;
}

export interface JoinedHistory {
  /** In the order of the log. */
  messages: RoomMessage[];
  /** Whether there are older ones. */
  more: boolean;
}

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

export interface JoinCall {
  room: string;
  since?: Position;
  history?: number;
}

export interface LeaveCall {
  room: string;
}

export interface PublishCall {
  room: string;
  data: unknown;
  id?: string;
}

export interface SignalCall {
  room: string;
  data: unknown;
}

export interface HistoryCall {
  room: string;
  after?: Position;
  before?: Position;
  limit?: number;
}

export interface PresenceCall {
  room: string;
  after?: string;
  limit?: number;
}

export interface SendCall {
  to: string;
  data: unknown;
  id?: string;
  receipt?: boolean;
}

export interface InboxCall {
  since?: Position;
}

export interface InboxAckCall {
  position: Position;
}

export interface RefreshCall {
  token: string;
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
  /** Of a room that is named: all members, oneself too; empty where one may not see presence. Left out of a counted room. */
  members?: Member[];
  /** How many members there are; 0 where one may not see presence. */
  count: number;
  /** Up to how many members the room is named; 0 where one may not see presence. */
  maxNames: number;
}

export interface Published {
  id: string;
  position: Position;
  /** Milliseconds since the Unix epoch, by the server's clock. */
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
  /** Milliseconds since the Unix epoch, by the server's clock. */
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

export interface InboxAcked {
  cursor: Position;
}

export interface Refreshed {
  /** Milliseconds since the Unix epoch, by the server's clock. */
  expiresAt?: number;
}

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

/** Something for those who are in a room at the moment; not kept. */
export interface Signal {
  room: string;
  from: Sender;
  data: unknown;
  /** Milliseconds since the Unix epoch, by the server's clock. */
  at: number;
}

/**
 * Who is in a room has changed: with `changes`, or with `members`, or, of a room that is counted, with neither.
 * Goes to everybody in the room.
 */
export interface PresenceEvent {
  room: string;
  /** How many users are in the room, after all this. */
  count: number;
  /** Of a room that is named: what has happened since the last event, in its order. */
  changes?: PresenceChange[];
  /** Of a room that has become named again: all of them, in the place of what was known. */
  members?: Member[];
}

export type InboxItem = InboxMessage | InboxReceipt;

export interface DeviceTaken {
  sid: string;
}

export type DeviceReturned = Record<string, never>;

export interface TokenRenewed {
  token: string;
  sid: string;
  device: string;
}

export interface TokenExpiring {
  /** Milliseconds since the Unix epoch, by the server's clock. */
  expiresAt: number;
}

export interface SessionEnd {
  error: ApiError;
}

/** The calls, as Socket.IO types events. */
export interface ClientEvents {
  /**
   * Enter a room: from the ack on its messages arrive. With `since`, what was missed is in the ack; with `history`,
   * the newest messages, at most so many.
   */
  join(call: JoinCall, ack: (answer: Ack<Joined>) => void): void;
  leave(call: LeaveCall, ack: (answer: Ack) => void): void;
  /** Publish to a room that one has joined; acked once it is kept. The same `id` again changes nothing. */
  publish(call: PublishCall, ack: (answer: Ack<Published>) => void): void;
  /** Tell those who are in the room right now; nothing is kept, and a slow reader may miss it. */
  signal(call: SignalCall, ack: (answer: Ack) => void): void;
  /** Read a room's log: what comes `after` a position, or what came `before` one; neither: the newest. */
  history(call: HistoryCall, ack: (answer: Ack<History>) => void): void;
  /** Who is in a room that one has joined, page by page: `after` the user with whom the last page ended. */
  presence(call: PresenceCall, ack: (answer: Ack<PresencePage>) => void): void;
  /** Send to a user, there or not; acked once it is in their inbox. The same `id` again changes nothing. */
  send(call: SendCall, ack: (answer: Ack<Sent>) => void): void;
  /** Open one's inbox on this device: what waits in it arrives. `since`: what this device has processed. */
  inbox(call: InboxCall, ack: (answer: Ack<InboxOpened>) => void): void;
  /** This device has processed its inbox up to and with `position`. */
  inbox_ack(call: InboxAckCall, ack: (answer: Ack<InboxAcked>) => void): void;
  /** Go on with a new token of the same user. */
  refresh(call: RefreshCall, ack: (answer: Ack<Refreshed>) => void): void;
}

/** The events that the server sends, likewise. */
export interface ServerEvents {
  /** Who one is, sent once after connecting. */
  welcome(argument: Self): void;
  message(argument: RoomMessage): void;
  signal(argument: Signal): void;
  presence(argument: PresenceEvent): void;
  inbox(argument: InboxItem): void;
  /** Another connection of this device has come: `sid` is its id. */
  device_taken(argument: DeviceTaken): void;
  /** It has gone, and this connection is the device's newest again; its inbox goes on. */
  device_returned(argument: DeviceReturned): void;
  /**
   * A newer token of this guest's, to keep in place of the one before; and the connection that it was given to,
   * with its device.
   */
  token_renewed(argument: TokenRenewed): void;
  /** The token runs out soon: `refresh` before `expiresAt`, in milliseconds since the Unix epoch. */
  token_expiring(argument: TokenExpiring): void;
  /** The session ends now, and why; the connection is closed after it. */
  session_end(argument: SessionEnd): void;
}
