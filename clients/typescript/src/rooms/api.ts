/**
 * What an application sees of the rooms layer: rooms, inbox, presence. Types only; rooms.ts makes them, on a socket of
 * socket.io-client or of clients/typescript alike.
 */

/** As docs/rooms-api.md, 5.1. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface Device {
  readonly id: string;
  readonly sid: string;
  readonly transport: "websocket" | "polling" | "webtransport" | "bridge" | "bridge-http";
}

export interface Member {
  readonly user: string;
  readonly name: string;
  readonly devices: readonly Device[];
}

export interface Sender {
  readonly user: string;
  readonly name: string;
  readonly sid: string;
  /** `"server"`: the application's backend sent it, and no client. */
  readonly transport: Device["transport"] | "server";
}

export interface RoomMessage<Data = unknown> {
  readonly room: string;
  readonly id: string;
  readonly position: Position;
  readonly from: Sender;
  readonly data: Data;
  /** Milliseconds since the Unix epoch, by the server's clock. */
  readonly at: number;
}

export interface Signal<Data = unknown> {
  readonly room: string;
  readonly from: Sender;
  readonly data: Data;
  readonly at: number;
}

export interface InboxMessage<Data = unknown> {
  readonly type: "message";
  readonly id: string;
  readonly position: Position;
  readonly from: Sender;
  readonly data: Data;
  readonly at: number;
}

export interface InboxReceipt {
  readonly type: "receipt";
  /** Of one's own message that was processed. */
  readonly id: string;
  readonly position: Position;
  readonly from: { readonly user: string };
  readonly at: number;
}

export type InboxItem<Data = unknown> = InboxMessage<Data> | InboxReceipt;

export interface Self {
  readonly user: string;
  readonly name: string;
  readonly sid: string;
  readonly device: string;
  readonly guest: boolean;
  readonly expiresAt?: number;
  readonly token?: string;
  /** What the server takes of one message's data, in bytes as JSON. */
  readonly messageBytes?: number;
}

/**
 * What the layer needs of a socket: `io(...)` of socket.io-client and of clients/typescript both have it. `never`, so that
 * sockets with typed events fit too, whatever their types.
 */
export interface SocketLike {
  /** Whether it keeps to the server's rate by itself, and backs off from a server that closes at once. */
  readonly isPaced?: boolean;
  readonly connected: boolean;
  readonly active: boolean;
  auth?: unknown;
  connect(): unknown;
  disconnect(): unknown;
  on(event: never, listener: never): unknown;
  off(event: never, listener: never): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  /** What is emitted on its result has an ack with an error first: after so many milliseconds, or at a disconnect. */
  timeout(milliseconds: number): { emit(event: string, ...args: unknown[]): unknown };
  /** Resolves when all that was emitted has left, or when so many milliseconds have passed. */
  flush?(timeout: number): Promise<{ unsent: number }>;
}

/**
 * Where the layer keeps what must outlast the page or the process. `localStorage` fits, and so does React Native's AsyncStorage: each may
 * answer by a promise. May throw or reject: then it is as if it kept nothing.
 */
export interface KeyValue {
  getItem(key: string): string | null | PromiseLike<string | null>;
  setItem(key: string, value: string): void | PromiseLike<void>;
  removeItem(key: string): void | PromiseLike<void>;
}

export interface RoomsOptions {
  /**
   * A token, or what gets one: asked at every connect and when the token is about to run out. If it throws, it is asked again
   * after a while; unless its error has `retryable: false`, which ends the session. Default: one is a guest.
   */
  token?: string | (() => string | Promise<string>);
  /** For guests. */
  name?: string;
  /** This device's id. Default: made at random, and kept in `storage`. */
  device?: string;
  /** Default: nothing is kept, so that this device is a new one after a reload. */
  storage?: KeyValue;
  /** Milliseconds to wait for an ack before a call is made again. Default 10,000. */
  ackTimeout?: number;
  /** Publishes and sends that may wait for an ack, together. Default 1,000; the next one is rejected. */
  maxPending?: number;
  /** Messages that an async iterator may lag behind. Default 10,000; then it ends with an error. */
  maxLag?: number;
}

/** Fails an operation. `code` is one of docs/rooms-api.md, 11, or one of this layer's: see `ClientErrorCode`. */
export interface RoomsErrorLike extends Error {
  readonly code: string;
  readonly retryable: boolean;
  /** Milliseconds before which the same call must not be made again, where the server says so. */
  readonly retryAfter?: number | undefined;
}

export type ClientErrorCode =
  /** `close()` was called, or the session has ended for good. */
  | "closed"
  /** `maxPending` is reached. */
  | "too_many_pending"
  /** An iterator lagged by more than `maxLag`. */
  | "too_slow"
  /** The call was given up: through its AbortSignal, or by leaving the room. */
  | "aborted"
  /**
   * The connection was lost before the ack, and came back after the server may have forgotten the id: whether the call was
   * carried out is not known, and made again it might be carried out twice.
   */
  | "unconfirmed"
  /** The server refused or closed the connection for good, without a code of the room API. */
  | "refused"
  /** The inbox has a processor already. */
  | "in_use"
  /** The server's answer is none: it breaks the protocol. */
  | "bad_answer";

export interface RoomsEvents {
  /** Connected (again), and who one is; rooms are being joined again. */
  connect: (self: Self) => void;
  /** The connection is lost; the layer tries to get it back. */
  disconnect: (reason: string) => void;
  /** The session has ended for good: refused, revoked, or no new token. Everything pending was rejected with this. */
  end: (error: RoomsErrorLike) => void;
  /** Something that calls for no action, but belongs in a log: an attempt to connect failed, say. */
  warning: (error: Error) => void;
  /**
   * Another connection has taken this device (`taken`; a duplicated tab, say), and the inbox with it if it opens it; or it has gone, and
   * both are back. Nothing is to be done: the inbox goes on by itself.
   */
  device: (change: { taken: boolean }) => void;
  /**
   * This guest has come with another connection too: another tab or program with the same storage, this one after a lost connection, or
   * somebody who has a copy of the token. `device` tells which: an application that knows its own devices can tell its user.
   */
  guest_connected: (other: { readonly sid: string; readonly device: string }) => void;
  /** Items of the inbox that this device had not processed are not kept any more. */
  inbox_lost: () => void;
}

export interface Rooms {
  readonly connected: boolean;
  /** Who one is; undefined before the first connect. */
  readonly self: Self | undefined;
  /** undefined until a storage that answers by promises has answered. */
  readonly device: string | undefined;
  readonly inbox: Inbox;
  /** The room's handle: always the same one for a name. Does not join it. */
  room<Data = unknown>(name: string): Room<Data>;
  /** Resolves when connected, at once if it is so. Rejects when the session has ended. */
  ready(): Promise<Self>;
  /** Sends to a user's inbox; tried until acked. */
  send(
    to: string,
    data: unknown,
    options?: PublishOptions & { receipt?: boolean },
  ): Promise<{ id: string; at: number }>;
  on<E extends keyof RoomsEvents>(event: E, listener: RoomsEvents[E]): this;
  off<E extends keyof RoomsEvents>(event: E, listener: RoomsEvents[E]): this;
  /**
   * Resolves when all publishes and sends have their acks and all else has left, or after `timeout` milliseconds. `unsent`: how many have
   * none.
   */
  flush(timeout?: number): Promise<{ unsent: number }>;
  /**
   * Leaves everything and disconnects; what is pending is rejected with `closed`, iterators end. Without a time-out it does not wait: what
   * the connection takes at once leaves, and its caller cannot know. With one, in milliseconds, it is `flush` before.
   */
  close(): void;
  close(timeout: number): Promise<{ unsent: number }>;
}

/** Past messages, in the order of the log. */
export interface PastMessages<Data> {
  readonly messages: readonly RoomMessage<Data>[];
  /** Whether there are more in the direction of reading. */
  readonly more: boolean;
}

export interface JoinResult<Data = unknown> {
  readonly recovered: boolean;
  readonly position: Position;
  /**
   * Where it was asked for: the newest messages up to where the `message` events begin. Not where all since `since` has come as
   * events.
   */
  readonly history?: PastMessages<Data>;
}

export interface MembersPage {
  readonly members: readonly Member[];
  /** How many there are in all. */
  readonly count: number;
  /** Whether there are more after these. */
  readonly more: boolean;
}

export interface PublishOptions {
  /** Default: made at random. The same id again gives the first result. */
  id?: string;
  /** Gives up waiting. Whether the message was published is then not known. */
  signal?: AbortSignal;
}

export interface RoomEvents<Data> {
  /** Each message once and in order: recovered ones and live ones alike. */
  message: (message: RoomMessage<Data>) => void;
  signal: (signal: Signal<Data>) => void;
  /** Who is there has changed: in `room.members`, `memberCount` and `isCounted`. Once for all that the server tells at a time. */
  presence: (members: ReadonlyMap<string, Member>) => void;
  /**
   * Joined (again). `recovered` false: messages between the last one and `position` were lost to this device. That also comes
   * while joined, if what is missing between two live messages is not kept any more.
   */
  joined: (join: { recovered: boolean; position: Position }) => void;
  /** Joining again was refused; the room is left. */
  left: (error: RoomsErrorLike) => void;
}

/**
 * A room as this device has it. `detached`: nobody asked for it, it was left, or joining was refused for good. `joining`: asked for, and no join
 * has come to its end yet. `recovering`: it was joined; the connection was lost, or what was missed meanwhile is still being read. `joined`: the
 * server has this device in the room, and everything up to now was delivered.
 */
export type RoomState = "detached" | "joining" | "recovering" | "joined";

export interface Room<Data = unknown> {
  readonly name: string;
  readonly state: RoomState;
  /** Whether `state` is `joined`. */
  readonly joined: boolean;
  /** Of the last message that was delivered, or where one joined. */
  readonly position: Position | undefined;
  /** By user, in the order in which they came: all of them, or, where the room `isCounted`, none. */
  readonly members: ReadonlyMap<string, Member>;
  /** How many there are, in the server's count. */
  readonly memberCount: number;
  /** Whether there are so many that the server tells their number alone: `listMembers` has who they are. */
  readonly isCounted: boolean;
  /**
   * Joins, now or when connected, and again after each reconnect from where one was, until `leave`. Missed messages
   * are delivered as `message` events before it resolves. Rejects if it is refused. While joined it resolves to where one is; or, with
   * `since`, goes back there. With `history`, a number up to 500, the result has the newest messages before those that come as events:
   * nothing is between, and nothing is there twice.
   */
  join(options?: { since?: Position; history?: number }): Promise<JoinResult<Data>>;
  leave(): Promise<void>;
  /**
   * Published in the order of the calls, each tried until it is acked. Rejects with what the server refuses for good, and with
   * a `ClientErrorCode`.
   */
  publish(data: Data, options?: PublishOptions): Promise<{ id: string; position: Position; at: number }>;
  /**
   * Tells those who are there now; dropped where there is no connection.
   * @throws RoomsError `invalid_argument` or `message_too_large`, as a publish of it would be rejected with.
   */
  signal(data: unknown): void;
  /** A page of the log, in its order: the newest before a position, the oldest after one, or the newest of all. */
  history(options?: {
    before?: Position;
    after?: Position;
    limit?: number;
  }): Promise<{ messages: RoomMessage<Data>[]; more: boolean }>;
  /** A page of those who are there, in the order in which they came: the first, or those after a user. `limit` up to 500, by default 100. */
  listMembers(options?: { after?: string; limit?: number }): Promise<MembersPage>;
  /** All messages from now on; ends when the room is left, and fails with the reason if it was not by one's own choice. */
  messages(): AsyncIterableIterator<RoomMessage<Data>>;
  on<E extends keyof RoomEvents<Data>>(event: E, listener: RoomEvents<Data>[E]): this;
  off<E extends keyof RoomEvents<Data>>(event: E, listener: RoomEvents<Data>[E]): this;
}

export interface Inbox {
  /**
   * Opens the inbox with the function that processes an item. Items come one at a time, in order, each at least once; an item is
   * processed when the promise resolves, and only then is it acked. One that was processed when the program ended, and not kept in
   * the storage yet, comes again, with the same `id`. If it rejects, the item comes again, after a
   * pause; the error goes to `warning`. There is one processor at a time. Resolves when the inbox is open.
   */
  process<Data = unknown>(
    processor: (item: InboxItem<Data>) => void | Promise<void>,
  ): Promise<{ waiting: number }>;
  /** The same as an iterator: an item is processed when the next one is asked for. Instead of `process`. */
  items<Data = unknown>(): AsyncIterableIterator<InboxItem<Data>>;
  /** Up to where this device has processed it; undefined before the inbox was open. */
  readonly cursor: Position | undefined;
}
