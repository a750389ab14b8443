/** Who a connection is, and what that lets it do: the types that authentication, policy and rooms share. */
import type { ApiError } from "./events.js";
import type { Rates } from "./limits/rates.js";

export interface Identity {
  /** The same at every connect of the same user. */
  user: string;
  /** For people to see; not unique. */
  name: string;
  guest: boolean;
  /** All claims of the token; empty where there was none. */
  claims: Readonly<Record<string, unknown>>;
  /** The claim `jti`: what the token can be revoked by. */
  tokenId?: string;
  /** The claims `iat` and `exp`, in milliseconds since the Unix epoch. */
  issuedAt?: number;
  /** When this server gave the token, by its store's clock. */
  stamp?: number;
  expiresAt?: number;
}

/** What a client showed when it connected. Anything may be in there. */
export interface Credentials {
  /** The payload of its `connect`. */
  auth: unknown;
  /** The token of the request that opened the connection: of `Authorization: Bearer ...`, or of the query. */
  token?: string;
}

export type Verdict =
  | {
      ok: true;
      identity: Identity;
      /** For a guest: the token to come back with. */
      token?: string;
    }
  | { ok: false; error: ApiError };

/**
 * Judges a client's credentials. Runs at every connect, reconnects included, and at every `refresh`. If it throws or
 * rejects, the client is refused with the error `internal`.
 */
export type Authenticate = (credentials: Credentials) => Verdict | Promise<Verdict>;

/** What a user may do in a room. Without `join`, the rest means nothing. */
export interface Rights {
  join: boolean;
  publish: boolean;
  /** See who is in the room. */
  presence: boolean;
  /** Read what was published: `history`, and `join` with `since`. */
  history: boolean;
}

/** Decides who may do what. If it throws or rejects, the call gets the error `internal`. */
export interface Policy {
  /** Asked at every join, and again for each room that one is in when the token is refreshed. */
  rights(who: Identity, room: string): Rights | Promise<Rights>;
  /** Whether one user may send to another's inbox. */
  maySend(who: Identity, to: string): boolean | Promise<boolean>;
}

/** How a room behaves, by its name. Asked often: cheap. */
export interface RoomSettings {
  /** How much of its log is kept. A count of 0: nothing can be recovered, and `history` is empty. */
  history: { count: number; /** Milliseconds. */ age: number };
  /** Whether it is known who is in the room. */
  presence: boolean;
  /** Users that may be in the room at a time. */
  maxMembers: number;
}

/** What one user or one connection may do. */
export interface Limits {
  /** Rooms that one connection may be in at a time. */
  roomsPerDevice: number;
  /** Devices that one user may be in one room with, where it is known who is there. */
  devicesPerRoom: number;
  /** Bytes of the `data` of a publish, a signal or a send, as JSON. */
  messageBytes: number;
  /**
   * Publishes, signals and sends of one user a second, on all devices, in bursts of up to twice as many. The rates of what is sent
   * that `rates` does not have grow with it.
   */
  messagesPerSecond: number;
  /** Calls of one connection that are not acked yet. */
  pendingCalls: number;
  /** Items that an inbox may hold. */
  inboxItems: number;
  /** Items of one sender in an inbox. */
  inboxItemsOfSender: number;
  /** Items of all guests together in an inbox: the rest is for users who are signed in. */
  inboxItemsOfGuests: number;
  /** Percent of the disk that the store may have (`--max-disk`) that guests may fill: the rest is for users who are signed in. */
  diskOfGuests: number;
  /** Devices of one user that have a cursor; the one that was seen longest ago is forgotten for a new one. */
  devicesPerUser: number;
  /** How fast users, addresses and rooms may have what; those that are left out are `DEFAULT_RATES`. */
  rates: Partial<Rates>;
}

export const DEFAULT_LIMITS: Limits = {
  roomsPerDevice: 100,
  devicesPerRoom: 20,
  messageBytes: 64 * 1024,
  messagesPerSecond: 100,
  pendingCalls: 1_000,
  inboxItems: 10_000,
  inboxItemsOfSender: 1_000,
  inboxItemsOfGuests: 5_000,
  diskOfGuests: 80,
  devicesPerUser: 20,
  rates: {},
};

const DAY = 24 * 60 * 60 * 1_000;

export const DEFAULT_ROOM: RoomSettings = {
  history: { count: 10_000, age: 7 * DAY },
  presence: true,
  maxMembers: 10_000,
};

/** Milliseconds that an inbox keeps an item, and remembers a device. */
export const DEFAULT_INBOX_AGE = 30 * DAY;

/** Milliseconds that a device whose connection is lost counts as there. */
export const DEFAULT_PRESENCE_GRACE = 10_000;
