/** What an application may set on a bridge, with its defaults and its checks. */
import type { IncomingMessage } from "node:http";
import { NODE_NAME } from "./http/sessions.js";
import { givenProperties, ownCopy, withoutPrototype } from "./own-properties.js";

/** How an `authenticate` hook refuses a request. */
export interface AuthenticateRefusal {
  /** 401: who are you; 403: not you. */
  status: 401 | 403;
  /** Sent to the client as `error.message`. */
  message?: string;
}

/**
 * Decides on an upgrade request before it is answered; what it puts on the request is there as `socket.request`.
 * Only `true` lets the client in. A hook that throws refuses with 401, and the client is not told why.
 */
export type Authenticate = (
  request: IncomingMessage,
) => boolean | AuthenticateRefusal | Promise<boolean | AuthenticateRefusal>;

export interface BridgeOptions {
  /** Path of the WebSocket endpoint. Default `/bridge`. */
  path?: string;
  /** Asked before each upgrade. Default: everybody may come in, as with Socket.IO. */
  authenticate?: Authenticate;
  /**
   * Milliseconds that `authenticate` and middlewares may take. No more requests wait for their turn while the first has waited for so
   * long. Default 10,000.
   */
  upgradeTimeout?: number;
  /**
   * Origins that browsers may connect from. Default: any, as with Socket.IO's own WebSocket transport. Requests
   * with no `Origin` header (native clients) are let in: the header protects browsers' users, not servers.
   */
  allowedOrigins?: readonly (string | RegExp)[];
  /** Bytes of one message. Default: a third more than Socket.IO's `maxHttpBufferSize`, since binary is base64 here. */
  maxPayload?: number;
  /** Connections in all, Socket.IO's own among them. Default 100,000. */
  maxConnections?: number;
  /** Connections of one address, Socket.IO's own among them; of IPv6, of one /64. Default 10,000. */
  maxConnectionsPerAddress?: number;
  /** Requests that may wait for their turn, where many come at once; Socket.IO's own among them. Default 10,000. */
  maxWaitingUpgrades?: number;
  /**
   * Whether the limits of connections and messages hold for the clients of Socket.IO's own transports too, by the same counter.
   * Default true.
   */
  limitSocketIO?: boolean;
  /**
   * The client's address, where a proxy stands in front; also for `handshake.address`. Default: the other end of the TCP
   * connection.
   */
  addressOf?: (request: IncomingMessage) => string;
  /** Messages per second of one connection, in bursts of up to twice as many. Default 500. */
  maxMessagesPerSecond?: number;
  /**
   * Bytes of messages per second of one connection, in bursts of up to twice as many; each value in an array or object counts as 16
   * more. One that sends more is not closed, but read no faster. Default 8 MiB.
   */
  maxBytesPerSecond?: number;
  /** The same of all connections of one address together. Default 32 MiB. */
  maxBytesPerSecondOfAddress?: number;
  /** Malformed frames a minute of one connection. Default 20. */
  maxMalformedPerMinute?: number;
  /** Bytes that may wait for a slow reader. Default 4 MiB. */
  maxBufferedBytes?: number;
  /** Namespaces of one connection. Default 32. */
  maxNamespaces?: number;
  /** Ack requests of the server that one connection may leave unanswered. Default 10,000. */
  maxPendingAcks?: number;
  /** Milliseconds between pings. Default: Socket.IO's `pingInterval`. */
  pingInterval?: number;
  /** Milliseconds for an answer to a ping. Default: Socket.IO's `pingTimeout`. */
  pingTimeout?: number;
  /** Milliseconds that a client has to answer a close before its connection is cut. Default 2,000. */
  closeTimeout?: number;
  /** Compression of messages (RFC 7692), as the option of the same name of `ws`. Default false. */
  perMessageDeflate?: boolean | Record<string, unknown>;
  /** The bridge over HTTP, for clients where WebSocket is refused; false turns it off. Default: on, with the defaults of `HttpOptions`. */
  http?: false | HttpOptions;
}

/** Of the bridge over HTTP. */
export interface HttpOptions {
  /** Milliseconds that a session lives while its client does not read. Default 20,000. */
  resumeTimeout?: number;
  /** Bytes that are kept of what was sent to a client, until it says that it has them. Default 1 MiB. */
  maxReplay?: number;
  /**
   * The name of this server among others that serve the same clients with nothing before them that leads a session's requests to one
   * server: up to 64 letters, digits, `-` and `_`. It is a part of sessions' ids, which clients see. Default: one that nobody else has.
   */
  node?: string;
  /**
   * Where the server of that name is, `http://10.0.0.2:3000`, say, so that requests for its sessions can be handed on to it; undefined
   * where there is none. Names come from clients: look them up, and make no address of them.
   */
  peers?: (node: string) => string | undefined;
}

/** What the bridge takes over from Socket.IO where its own option is not set. */
export interface InheritedOptions {
  maxHttpBufferSize?: number | undefined;
  pingInterval?: number | undefined;
  pingTimeout?: number | undefined;
}

/** Where the endpoint is, unless an option says otherwise. */
export const DEFAULT_PATH = "/bridge";

const DEFAULTS = {
  path: DEFAULT_PATH,
  upgradeTimeout: 10_000,
  maxConnections: 100_000,
  maxConnectionsPerAddress: 10_000,
  maxWaitingUpgrades: 10_000,
  limitSocketIO: true,
  maxMessagesPerSecond: 500,
  maxBytesPerSecond: 8 * 1024 * 1024,
  maxBytesPerSecondOfAddress: 32 * 1024 * 1024,
  maxMalformedPerMinute: 20,
  maxBufferedBytes: 4 * 1024 * 1024,
  maxNamespaces: 32,
  maxPendingAcks: 10_000,
  closeTimeout: 2_000,
  perMessageDeflate: false,
  // Nothing that a program has put on Object.prototype is an option.
  http: withoutPrototype<HttpOptions>({}),
} as const satisfies BridgeOptions;

/** The options as the bridge reads them: a default stands where one was not set. */
export type ParsedOptions = Readonly<BridgeOptions & Required<Pick<BridgeOptions, keyof typeof DEFAULTS>>>;

interface Check {
  /** Follows the option's name in the error. */
  readonly must: string;
  readonly accepts: (value: unknown) => boolean;
}

const count: Check = {
  must: "must be a whole number of at least 1",
  accepts: (value) => Number.isSafeInteger(value) && (value as number) > 0,
};
/** setTimeout's longest delay, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;
const milliseconds: Check = {
  must: `must be a whole number of milliseconds from 1 to ${MAX_DELAY}`,
  accepts: (value) => count.accepts(value) && (value as number) <= MAX_DELAY,
};
const hook: Check = { must: "must be a function", accepts: (value) => typeof value === "function" };
const flag: Check = { must: "must be true or false", accepts: (value) => typeof value === "boolean" };

// Not a schema of a library: a bridge is loaded into other people's programs, whatever those have done to Object.prototype.
const CHECKS: Readonly<Record<keyof BridgeOptions, Check>> = {
  path: {
    must: "must be a string that begins with / and ends with neither / nor a query",
    accepts: (value) => typeof value === "string" && /^\/[^?#]*[^/?#]$/.test(value),
  },
  authenticate: hook,
  upgradeTimeout: milliseconds,
  allowedOrigins: {
    must: "must be an array of strings and regular expressions",
    accepts: (value) =>
      Array.isArray(value) && value.every((origin) => typeof origin === "string" || origin instanceof RegExp),
  },
  maxPayload: count,
  maxConnections: count,
  maxConnectionsPerAddress: count,
  maxWaitingUpgrades: count,
  limitSocketIO: flag,
  addressOf: hook,
  maxMessagesPerSecond: count,
  maxBytesPerSecond: count,
  maxBytesPerSecondOfAddress: count,
  maxMalformedPerMinute: count,
  maxBufferedBytes: count,
  maxNamespaces: count,
  maxPendingAcks: count,
  pingInterval: milliseconds,
  pingTimeout: milliseconds,
  closeTimeout: milliseconds,
  perMessageDeflate: {
    must: "must be true, false, or an object of options",
    accepts: (value) =>
      typeof value === "boolean" || (typeof value === "object" && value !== null && !Array.isArray(value)),
  },
  http: {
    must:
      "must be false, or an object with any of these: resumeTimeout and maxReplay, whole numbers of at least 1; " +
      "node, up to 64 letters, digits, - and _; peers, a function, which needs node",
    accepts: (value) => value === false || isHttpOptions(value),
  },
};

const HTTP_CHECKS: Readonly<Record<keyof HttpOptions, (value: unknown) => boolean>> = {
  resumeTimeout: milliseconds.accepts,
  maxReplay: count.accepts,
  node: (value) => typeof value === "string" && NODE_NAME.test(value),
  peers: hook.accepts,
};

function isHttpOptions(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const given = givenProperties(value, Object.keys(HTTP_CHECKS));
  if (given["peers"] !== undefined && given["node"] === undefined) return false;
  return Object.entries(given).every(
    ([name, one]) =>
      Object.hasOwn(HTTP_CHECKS, name) && (one === undefined || HTTP_CHECKS[name as keyof HttpOptions](one)),
  );
}

/** Checks what the application set. Throws a TypeError that names each wrong option. */
export function parseOptions(options: BridgeOptions): ParsedOptions {
  const given = givenProperties(options, Object.keys(CHECKS));
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof BridgeOptions] : undefined;
    if (check === undefined) problems.push(`${name}: there is no such option`);
    else if (value === undefined) Reflect.deleteProperty(given, name);
    else if (!check.accepts(value)) problems.push(`${name} ${check.must}`);
    else given[name] = ownCopy(value);
  }
  if (problems.length > 0) throw new TypeError(`attachBridge: wrong options\n${problems.join("\n")}`);
  return withoutPrototype({ ...DEFAULTS, ...given });
}

/** The largest message, given Socket.IO's own limit: all that it accepts must fit in base64, with a frame around it. */
export function defaultMaxPayload(maxHttpBufferSize: number): number {
  return Math.ceil((maxHttpBufferSize * 4) / 3) + 1024;
}
