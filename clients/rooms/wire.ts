/** The acks and notices of docs/rooms-api.md, as far as the layer reads them. Types only. */
import type { Member, Position, RoomMessage } from "./api.js";

export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export type Answer = { readonly ok: true } | { readonly ok: false; readonly error: ApiError };

export interface Joined {
  readonly position: Position;
  /** With `since` only. */
  readonly recovered?: boolean;
  readonly messages?: readonly RoomMessage[];
  readonly members: readonly Member[];
  readonly count: number;
}

export interface HistoryPage {
  readonly messages: readonly RoomMessage[];
  /** Whether there are more in the direction of reading. */
  readonly more: boolean;
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
}

export interface PresenceChange {
  readonly room: string;
  readonly type: "join" | "update" | "leave";
  readonly member: Member;
}

/** What each call gets, beside `ok`. */
export interface Results {
  join: Joined;
  leave: object;
  publish: Published;
  signal: object;
  history: HistoryPage;
  send: Sent;
  inbox: InboxOpened;
  inbox_ack: { readonly cursor: Position };
  refresh: { readonly expiresAt?: number };
}

export type CallName = keyof Results;
