/** What can be set by a flag or a variable: one table, from which the help and the reading are made. Pure. */
import { LOG_LEVELS, type LogLevel } from "./config.js";
import { ConfigError } from "./config-error.js";
import { isOrigin } from "./file-schema.js";
import { parseTrustProxy, type TrustProxy } from "./trust-proxy.js";
import { DURATION_EXAMPLES, parseDuration, parseSize, SIZE_EXAMPLES } from "./units.js";

/** One setting: its flag, its variable, and what makes a value of its text. */
export interface Setting<T> {
  /** As commander writes flags. */
  flags: string;
  env: string;
  /** For the help; the variable and the default are added to it. */
  help: string;
  shownDefault?: string;
  /** Throws a ConfigError. `name` is what the user wrote it under. */
  parse(text: string, name: string): T;
}

const text = (value: string): string => value;

/** Those of the whole server. */
export const SERVER_SETTINGS = {
  port: {
    flags: "-p, --port <port>",
    env: "PORT",
    help: "port to listen on; 0 for any free one",
    shownDefault: "3000",
    parse: parsePort,
  },
  host: {
    flags: "-H, --host <address>",
    env: "HOST",
    help: "address to listen on; 0.0.0.0 or :: for all, as a phone on your network or a container needs it",
    shownDefault: "127.0.0.1",
    parse: text,
  },
  cert: {
    flags: "--cert <file>",
    env: "TLS_CERT",
    help: "TLS certificate chain, PEM; with --key: https and wss",
    parse: text,
  },
  key: { flags: "--key <file>", env: "TLS_KEY", help: "TLS private key, PEM", parse: text },
  allowedOrigins: {
    flags: "--allowed-origins <list>",
    env: "ALLOWED_ORIGINS",
    help: "origins that browsers may connect from, with commas between; the server's own too if you use its demo",
    shownDefault: "any",
    parse: parseOrigins,
  },
  trustProxy: {
    flags: "--trust-proxy <list>",
    env: "TRUST_PROXY",
    help:
      "proxies in front, whose X-Forwarded-For is believed: addresses, subnets, loopback, linklocal, uniquelocal, " +
      "with commas between; or how many there are",
    shownDefault: "none",
    parse: parseProxies,
  },
  guests: {
    flags: "--no-guests",
    env: "GUESTS",
    help: "refuse clients without a token",
    parse: parseSwitch,
  },
  historyMessages: {
    flags: "--history-messages <count>",
    env: "HISTORY_MESSAGES",
    help: "messages that a room keeps",
    shownDefault: "10000",
    parse: parseCount,
  },
  historyAge: {
    flags: "--history-age <duration>",
    env: "HISTORY_AGE",
    help: "how long a room keeps a message",
    shownDefault: "7d",
    parse: parseTime,
  },
  presenceGrace: {
    flags: "--presence-grace <duration>",
    env: "PRESENCE_GRACE",
    help: "how long a device whose connection is lost counts as there",
    shownDefault: "10s",
    parse: parseTime,
  },
  httpBridge: {
    flags: "--no-http-bridge",
    env: "HTTP_BRIDGE",
    help: "no bridge over HTTP, for plain clients where WebSocket is refused",
    parse: parseSwitch,
  },
  resumeTimeout: {
    flags: "--resume-timeout <duration>",
    env: "RESUME_TIMEOUT",
    help: "how long a client over HTTP that does not read is waited for",
    shownDefault: "20s",
    parse: parseResumeTimeout,
  },
  maxDisk: {
    flags: "--max-disk <size>",
    env: "MAX_DISK",
    help: "how large the data folder may become",
    parse: parseBytes,
  },
  logLevel: {
    flags: "--log-level <level>",
    env: "LOG_LEVEL",
    help: LOG_LEVELS.join(", "),
    shownDefault: "info",
    parse: parseLogLevel,
  },
  demo: {
    flags: "--no-demo",
    env: "DEMO",
    help: "do not serve the demo page, its inspector and its sign-in",
    parse: parseSwitch,
  },
} as const satisfies Record<string, Setting<unknown>>;

/** Those that say where the data is and whose tokens are good: for the commands too that make tokens. */
export const TOKEN_SETTINGS = {
  config: {
    flags: "-c, --config <file>",
    env: "CONFIG",
    help: "configuration file, JSON; flags and variables go before it",
    parse: text,
  },
  data: {
    flags: "-d, --data <folder>",
    env: "DATA",
    help: "folder of all that is kept; made if it is not there",
    shownDefault: "./crossroom-data",
    parse: text,
  },
  memory: {
    flags: "--memory",
    env: "MEMORY",
    help: "keep nothing beyond the process's end, instead of --data",
    parse: parseSwitch,
  },
  apiKeys: {
    flags: "--api-keys <file>",
    env: "API_KEYS",
    help: "file with the keys of the HTTP API, hashed, as crossroom key create makes it",
    shownDefault: "api-keys.json in the data folder",
    parse: text,
  },
  jwtSecretFile: {
    flags: "--jwt-secret-file <file>",
    env: "JWT_SECRET_FILE",
    help:
      "file with the secret that tokens are signed with (HS256, HS384, HS512); " +
      "the variable JWT_SECRET has the secret itself",
    parse: text,
  },
  jwtPublicKey: {
    flags: "--jwt-public-key <file>",
    env: "JWT_PUBLIC_KEY",
    help: "file with the public key of whoever signs the tokens, PEM",
    parse: text,
  },
  jwks: {
    flags: "--jwks <file>",
    env: "JWKS",
    help: "file with their public keys, a JWK Set; read again when it changes",
    parse: text,
  },
  issuer: {
    flags: "--issuer <name>",
    env: "JWT_ISSUER",
    help: 'what the claim "iss" of tokens must be',
    parse: text,
  },
  audience: {
    flags: "--audience <name>",
    env: "JWT_AUDIENCE",
    help: 'what the claim "aud" of tokens must be, or have',
    parse: text,
  },
} as const satisfies Record<string, Setting<unknown>>;

function parsePort(value: string, name: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) {
    throw new ConfigError(`${name}: ${quote(value)} is not a port; give a number from 0 to 65535`);
  }
  return port;
}

function parseOrigins(value: string, name: string): string[] | undefined {
  const origins = value.split(",").map((origin) => origin.trim());
  if (origins.length === 1 && origins[0] === "*") return undefined;
  for (const origin of origins) {
    if (!isOrigin(origin)) {
      throw new ConfigError(
        `${name}: ${quote(origin)} is not an origin; give some like https://app.example.com`,
      );
    }
  }
  return origins;
}

function parseProxies(value: string, name: string): TrustProxy {
  const proxies = parseTrustProxy(value);
  if (proxies === undefined) {
    throw new ConfigError(
      `${name}: ${quote(value)} names no proxies; give addresses or subnets (10.0.0.0/8, loopback), or how many there are`,
    );
  }
  return proxies;
}

function parseLogLevel(value: string, name: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value);
  if (level === undefined) {
    throw new ConfigError(
      `${name}: ${quote(value)} is not a log level; give one of ${LOG_LEVELS.join(", ")}`,
    );
  }
  return level;
}

function parseSwitch(value: string, name: string): boolean {
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new ConfigError(`${name}: ${quote(value)} is neither true nor false`);
}

function parseCount(value: string, name: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(count)) {
    throw new ConfigError(`${name}: ${quote(value)} is not a count; give a whole number`);
  }
  return count;
}

/** Milliseconds. */
export function parseTime(value: string, name: string): number {
  const duration = parseDuration(value);
  if (duration === undefined) {
    throw new ConfigError(`${name}: ${quote(value)} is not a duration; give ${DURATION_EXAMPLES}`);
  }
  return duration;
}

/** Milliseconds: without a moment between two requests nobody could stay. */
export function parseResumeTimeout(value: string, name: string): number {
  const duration = parseTime(value, name);
  if (duration < 1_000 || duration > MAX_RESUME_TIMEOUT) {
    throw new ConfigError(`${name}: ${quote(value)} is not from 1s to 1d`);
  }
  return duration;
}

const MAX_RESUME_TIMEOUT = 24 * 60 * 60 * 1000;

function parseBytes(value: string, name: string): number {
  const size = parseSize(value);
  if (size === undefined)
    throw new ConfigError(`${name}: ${quote(value)} is not a size; give ${SIZE_EXAMPLES}`);
  return size;
}

function quote(value: string): string {
  return JSON.stringify(value);
}
