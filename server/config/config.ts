/** All that the operator can set, checked, and what holds where they set nothing. */
import type { Rules } from "../rules/rules.js";
import { DEFAULT_INBOX_AGE, DEFAULT_PRESENCE_GRACE, DEFAULT_ROOM } from "../rooms/room-settings.js";
import { DEFAULT_LIMITS, type Limits } from "../limits/limits.js";
import type { TrustProxy } from "./trust-proxy.js";

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** 0: any free one. */
  port: number;
  host: string;
  /** PEM files; without them the server speaks http and ws. */
  tls?: { cert: string; key: string };
  /** Browsers' origins that may connect; undefined: any. */
  allowedOrigins?: string[];
  /** The proxies in front, whose `X-Forwarded-For` is believed; undefined: none. */
  trustProxy?: TrustProxy;
  logLevel: LogLevel;
  /** Whether to serve the demo page, its inspector and its sign-in. */
  demo: boolean;
  /** The data folder; undefined: nothing is kept when the server stops. */
  data?: string;
  /** The file of the HTTP API's keys; undefined: the one in the data folder, if there is a folder. */
  apiKeys?: string;
  /** Bytes that the data folder's store may have; undefined: as much as the store takes by default. */
  maxDiskBytes?: number;
  auth: AuthConfig;
  rules: Rules;
  limits: Limits;
  /** Milliseconds that an inbox keeps an item for a device that does not come. */
  inboxAge: number;
  /** Whether plain clients may come over HTTP, where WebSocket is refused. */
  httpBridge: boolean;
  /** Milliseconds that one of these is waited for that does not read. */
  resumeTimeout: number;
  /** Milliseconds that a device whose connection is lost counts as there. */
  presenceGrace: number;
}

export interface AuthConfig {
  /** What the operator signs tokens with, from JWT_SECRET. */
  secret?: string;
  /** The same, in a file. */
  secretFile?: string;
  /** PEM. */
  publicKeyFile?: string;
  /** JSON. */
  jwksFile?: string;
  issuer?: string;
  audience?: string;
  guests: boolean;
  /** Milliseconds. */
  clockTolerance: number;
}

export const DEFAULT_PORT = 3000;

export const DEFAULT_CONFIG: Config = {
  port: DEFAULT_PORT,
  host: "127.0.0.1",
  logLevel: "info",
  demo: true,
  data: "crossroom-data",
  auth: { guests: true, clockTolerance: 5_000 },
  rules: {
    rooms: [],
    send: "everyone",
    defaults: DEFAULT_ROOM,
  },
  limits: DEFAULT_LIMITS,
  inboxAge: DEFAULT_INBOX_AGE,
  httpBridge: true,
  resumeTimeout: 20_000,
  presenceGrace: DEFAULT_PRESENCE_GRACE,
};
