/**
 * The acks and notices of docs/rooms-api.md, as far as the layer reads them. Types only: a test holds them to what the server's declarations
 * make.
 */
import type { Member, MembersPage, Position, RoomMessage } from "./api.js";

export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** Milliseconds before which the call must not be made again. */
  readonly retryAfter?: number;
}

export type Answer = { readonly ok: true } | { readonly ok: false; readonly error: ApiError };

export interface Joined {
  readonly position: Position;
  /** With `since` only. */
  readonly recovered?: boolean;
  readonly messages?: readonly RoomMessage[];
  /** Where it was asked for, and the answer is not `recovered: true`: the newest messages up to `position`. */
  readonly history?: PastMessages;
  /** Left out where the room is counted. */
  readonly members?: readonly Member[];
  readonly count: number;
}

export interface PastMessages {
  readonly messages: readonly RoomMessage[];
  /** Whether there are more in the direction of reading. */
  readonly more: boolean;
}

export interface HistoryPage extends PastMessages {
  /** Where the log ends. */
  readonly position: Position;
}

export interface Published {
  readonly id: string;
  readonly position: Position;
  readonly at: number;
}

export interface Sent {
  readonly id: string;
  readonly at: number;
}

export interface InboxOpened {
  readonly cursor: Position;
  readonly waiting: number;
  /** Whether the device gets all that it has not processed; left out by older servers. */
  readonly recovered?: boolean;
}

/** With changes, or with all members, or, of a room that is counted, with neither. */
export interface PresenceEvent {
  readonly room: string;
  readonly count: number;
  readonly changes?: readonly PresenceChange[];
  readonly members?: readonly Member[];
}

export interface PresenceChange {
  readonly type: "join" | "update" | "leave";
  /** Of an `update`, `devices` are those that are new or changed. */
  readonly member: Member;
  /** Of an `update`: ids of the devices that are not there any more. */
  readonly gone?: readonly string[];
}

/** The server's events. */
export type NoticeName =
  | "welcome"
  | "message"
  | "signal"
  | "presence"
  | "inbox"
  | "token_expiring"
  | "token_renewed"
  | "session_end"
  | "device_taken"
  | "device_returned";

/** What each call gets, beside `ok`. */
export interface Results {
  join: Joined;
  leave: object;
  publish: Published;
  signal: object;
  history: HistoryPage;
  presence: MembersPage;
  send: Sent;
  inbox: InboxOpened;
  inbox_ack: { readonly cursor: Position };
  refresh: { readonly expiresAt?: number };
}

export type CallName = keyof Results;
