/**
 * What a program on the server's side may do: publish to any room, send to any user, see who is there, send somebody away. It needs no
 * connection, no join and no rights, and no rate of a user's counts for it; names, sizes and the depth of data are checked as for anybody.
 */
import type { History, Position, PresencePage, Published, Sent } from "../api/types.js";
import type { RevocationTarget } from "../auth/revocation-of.js";
import type { Revocation } from "../store/revocations.js";
import type { ConnectedClient } from "./connected-client.js";
import type { RoomsEvents, RoomsListener } from "./events.js";
import type { RoomsError } from "../api/rooms-error.js";

/**
 * Every call rejects with a RoomsError whose code is of the closed table (docs/rooms-api.md, 11): `invalid_argument` for what has the wrong
 * shape, `message_too_large`, `unavailable` where the store cannot keep anything, and what the calls themselves name.
 */
export interface Backend {
  /**
   * Publishes to a room, whether or not anybody is in it. Resolves when the message is kept, as a client's ack does. With an `id` it may be
   * repeated: the same id to the same room within ten minutes gives the first result again, with `duplicate: true`, also after a restart.
   * Ids of the backend are its own: no client's id is ever the same.
   */
  publish(room: string, data: unknown, options?: PublishOptions): Promise<Published>;
  /** Publishes in the order of the items; resolves to a result or an error for each of them, in that order. */
  publishAll(items: readonly PublishItem[]): Promise<(Published | RoomsError)[]>;
  /** Tells those who are in the room right now; nothing is kept. */
  signal(room: string, data: unknown, options?: Pick<PublishOptions, "as">): Promise<void>;
  /** Sends to a user's inbox, there or not. `id` as for `publish`. Rejects with `inbox_full` too. */
  send(user: string, data: unknown, options?: SendOptions): Promise<Sent>;

  /** A page of a room's log. Rejects with `unknown_position` for one that is not kept. Default: the newest 100. */
  history(room: string, options?: HistoryOptions): Promise<History>;
  /** Who is in a room, by pages: `after` the user with whom the last page ended. Default limit: 100. */
  members(room: string, options?: PageOptions): Promise<PresencePage>;
  /** Rooms that have or had messages, or have members, in the order of their names. Default limit: 100. */
  rooms(options?: RoomsOptions): Promise<RoomsPage>;
  /** One room; of one that nobody has used, with no messages and no members. */
  room(name: string): Promise<RoomSummary>;
  /** Connections that are open on this server, in the order of their ids. Default limit: 100. */
  connections(options?: ConnectionsOptions): Promise<ConnectionsPage>;
  /** What waits for a user, and how far each of their devices is. */
  inbox(user: string): Promise<InboxSummary>;

  /** Has a user leave a room, on all devices, which are told so. They may join again. Resolves to how many connections left. */
  kick(target: { user: string; room: string }): Promise<number>;
  /** Closes connections. Resolves to how many there were. */
  disconnect(target: DisconnectTarget, options?: DisconnectOptions): Promise<number>;
  /** Ends the sessions whose tokens are revoked, and takes them no more. Resolves when that is durable. */
  revoke(revocation: RevocationTarget | Revocation): Promise<void>;
  /** Drops a room's messages, up to and with an offset, or all. Those who have them already keep them. */
  clear(room: string, options?: { through?: number | undefined }): Promise<void>;

  /**
   * Has a function called for each event, in this process, as it happens. What happened before, or while the process was down, is not told.
   * @returns Ends it.
   */
  on<Name extends keyof RoomsEvents>(name: Name, listener: RoomsListener<Name>): () => void;
}

/** In whose name something is sent. Nobody need be connected. */
export interface SentAs {
  user: string;
  /** Default: the user's id. */
  name?: string | undefined;
}

export interface PublishOptions {
  /** Default: a new one, with which nothing is ever a duplicate. */
  id?: string | undefined;
  /** Default: the user `server`. `from.transport` is `"server"` in any case. */
  as?: SentAs | undefined;
}

export interface PublishItem extends PublishOptions {
  room: string;
  data: unknown;
}

export interface SendOptions extends PublishOptions {
  /** Whether the user of `as`, which has to be there, gets a receipt in their inbox when the message has been processed. */
  receipt?: boolean | undefined;
}

export interface PageOptions {
  after?: string | undefined;
  /** From 1 to 500. */
  limit?: number | undefined;
}

export interface HistoryOptions {
  /** Reads forward from here; not together with `before`. */
  after?: Position | undefined;
  /** Reads what came before here, the newest of it. */
  before?: Position | undefined;
  /** From 1 to 500. */
  limit?: number | undefined;
}

export interface RoomsOptions extends PageOptions {
  /** Rooms whose names begin with this. */
  prefix?: string | undefined;
  /** Only those that somebody is in at the moment. */
  live?: boolean | undefined;
}

export interface ConnectionsOptions {
  user?: string | undefined;
  room?: string | undefined;
  /** The `sid` with which the last page ended. */
  after?: string | undefined;
  /** From 1 to 500. */
  limit?: number | undefined;
}

/** The log of a room or of an inbox. */
export interface LogSummary {
  /** Of the newest entry. */
  position: Position;
  /** Offset of the oldest entry that is kept; one more than the position's where none is. */
  first: number;
}

export interface RoomSummary extends LogSummary {
  room: string;
  /** Users in the room. */
  members: number;
}

export interface RoomsPage {
  rooms: RoomSummary[];
  more: boolean;
}

export interface InboxSummary extends LogSummary {
  user: string;
  /** `seen` is when the device was last connected, in milliseconds since the Unix epoch. */
  devices: { device: string; cursor: Position; seen: number }[];
}

export interface ConnectionInfo extends ConnectedClient {
  /** An IPv4 address, or the /64 of an IPv6 one. */
  address: string;
  /** Milliseconds since the Unix epoch. */
  since: number;
  rooms: string[];
}

export interface ConnectionsPage {
  connections: ConnectionInfo[];
  more: boolean;
}

export type DisconnectTarget =
  { user: string; device?: string | undefined } | { sid: string } | { room: string };

export interface DisconnectOptions {
  /**
   * Whether clients are to come back by themselves. Default false: they stay away until they are told to connect. Where it is true the whole
   * connection ends, and with it what an application has on it in other namespaces (`attachRooms`).
   */
  reconnect?: boolean | undefined;
}
