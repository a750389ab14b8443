/** What a rooms server can be told, however it is mounted. */
import type { BridgeOptions } from "@crossroom/bridge";
import type { ApiKeys } from "./auth/api-keys.js";
import type { Authenticate } from "./auth/authenticate.js";
import type { KeySource } from "./auth/keys.js";
import type { OwnKey } from "./auth/own-key.js";
import type { TrustProxy } from "./config/trust-proxy.js";
import type { HandlerLog } from "./connections/handler-log.js";
import type { Limits } from "./limits/limits.js";
import { randomId } from "./random-id.js";
import { retentionOf } from "./rooms/log-names.js";
import type { Before } from "./rooms/before.js";
import type { Policy } from "./rooms/policy.js";
import { DEFAULT_INBOX_AGE, DEFAULT_ROOM, type RoomSettings } from "./rooms/room-settings.js";
import { machineUptime } from "./store/machine-clock.js";
import type { Store, StoreOptions } from "./store/store.js";

export interface RoomsServerOptions {
  /**
   * What keeps rooms, inboxes and presence. Default: memory, and nothing outlasts the process. It must have been opened with
   * `storeOptions` of the same room settings. The caller closes it, after the server.
   */
  store?: Store;
  /** Which tokens are good. Default: those that this server signs itself, and guests without any. */
  tokens?: TokenOptions;
  /** Judges each client that connects, in place of `tokens`. */
  authenticate?: Authenticate;
  /** Who may do what. Default: everybody everything. */
  policy?: Policy;
  /** What the application wants to look at before it is done. Default: nothing. */
  before?: Before;
  /** Milliseconds after which one of these that has not answered refuses. Default 10,000. */
  beforeTimeout?: number;
  /** How each room behaves. Default: `DEFAULT_ROOM`. */
  roomSettings?: (room: string) => RoomSettings;
  /**
   * Keys of the HTTP API (`apiKeyFile`), with which a backend reaches the server at `/crossroom/v1`. Default: none, and then it
   * answers only whether the server lives and is ready.
   */
  apiKeys?: ApiKeys;
  limits?: Partial<Limits>;
  /** Milliseconds that a device whose connection is lost counts as there. Default 10,000. */
  presenceGrace?: number;
  /** Milliseconds that an inbox keeps an item, and remembers a device. Default 30 days. */
  inboxAge?: number;
  /** The origins of pages that may connect; all of them if left out. A client without an `Origin` header is no page, and always may. */
  allowedOrigins?: readonly string[];
  /**
   * Whether to serve the demo page at `/`, and its inspector at `/inspect`. Default false. The page expects the bridge at
   * its default path.
   */
  demo?: boolean;
  /** The proxies in front, whose `X-Forwarded-For` is believed. Default: none, and a client's address is that of the TCP connection. */
  trustProxy?: TrustProxy;
  /** Further limits of the bridge. */
  bridge?: Omit<BridgeOptions, "allowedOrigins">;
  /** Milliseconds between Socket.IO's pings, and for their answers; the bridge's too, unless it has its own. */
  heartbeat?: { pingInterval: number; pingTimeout: number };
  /** Default: no log. */
  log?: HandlerLog;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** A clock that nobody sets, in milliseconds, for durations. Default: since the machine was started. */
  uptime?: () => number;
  /** Where message ids come from; never the same twice. Default: 96 random bits. */
  newId?: () => string;
}

export interface TokenOptions {
  /** What guests' tokens are signed with. Default: a new one, so that guests are others after a restart. */
  ownKey?: OwnKey;
  /** The keys of whoever signs tokens. Without any, `ownKey` is the only one. */
  keys?: readonly KeySource[];
  /** What the claims `iss` and `aud` must be. Default: anything. */
  issuer?: string;
  audience?: string;
  /** Whether one may come without a token. Default true. */
  guests?: boolean;
  /** Milliseconds that the clock of whoever signs may differ from this one's. Default 5,000. */
  clockTolerance?: number;
}

/** Milliseconds for which a message's id is remembered. */
const KEY_WINDOW = 10 * 60 * 1000;

/** What a store for a rooms server is to be opened with. */
export function storeOptions({
  roomSettings = () => DEFAULT_ROOM,
  inboxAge = DEFAULT_INBOX_AGE,
  now = Date.now,
  uptime = machineUptime,
}: Pick<RoomsServerOptions, "roomSettings" | "inboxAge" | "now" | "uptime"> = {}): StoreOptions {
  return {
    retention: retentionOf(roomSettings, inboxAge),
    keyWindow: KEY_WINDOW,
    ...{ now, uptime },
    newEpoch: () => randomId(6),
  };
}

/** CORS keeps no WebSocket out, so the origin is checked where a client comes in; no header: no browser. */
export function isOriginAllowed(origin: string | undefined, allowed: readonly string[] | undefined): boolean {
  return origin === undefined || allowed === undefined || allowed.includes(origin);
}
