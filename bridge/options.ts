/** What an application may set on a bridge, with its defaults and its checks. */
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { ownProperties, withoutPrototype } from "./own-properties.js";

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
  /** Milliseconds that `authenticate` and middlewares may take. Default 10,000. */
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
}

/** What the bridge takes over from Socket.IO where its own option is not set. */
export interface InheritedOptions {
  maxHttpBufferSize?: number | undefined;
  pingInterval?: number | undefined;
  pingTimeout?: number | undefined;
}

const count = z.int().positive();
/** setTimeout's longest delay, in milliseconds. */
const milliseconds = z
  .int()
  .positive()
  .max(2 ** 31 - 1);
const hook = <T>() => z.custom<T>((value) => typeof value === "function", "expected a function");

/** Where the endpoint is, unless an option says otherwise. */
export const DEFAULT_PATH = "/bridge";

const schema = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^?#]*[^/?#]$/, "must begin with / and end with neither / nor a query")
    .default(DEFAULT_PATH),
  authenticate: hook<Authenticate>().optional(),
  upgradeTimeout: milliseconds.default(10_000),
  allowedOrigins: z
    .array(z.union([z.string(), z.instanceof(RegExp)]))
    .readonly()
    .optional(),
  maxPayload: count.optional(),
  maxConnections: count.default(100_000),
  maxConnectionsPerAddress: count.default(10_000),
  limitSocketIO: z.boolean().default(true),
  addressOf: hook<(request: IncomingMessage) => string>().optional(),
  maxMessagesPerSecond: count.default(500),
  maxBytesPerSecond: count.default(8 * 1024 * 1024),
  maxBytesPerSecondOfAddress: count.default(32 * 1024 * 1024),
  maxMalformedPerMinute: count.default(20),
  maxBufferedBytes: count.default(4 * 1024 * 1024),
  maxNamespaces: count.default(32),
  maxPendingAcks: count.default(10_000),
  pingInterval: milliseconds.optional(),
  pingTimeout: milliseconds.optional(),
  closeTimeout: milliseconds.default(2_000),
  perMessageDeflate: z.union([z.boolean(), z.record(z.string(), z.unknown())]).default(false),
});

export type ParsedOptions = z.output<typeof schema>;

/** Checks what the application set. Throws a TypeError that names each wrong option. */
export function parseOptions(options: BridgeOptions): ParsedOptions {
  const result = schema.safeParse(ownProperties(options));
  if (!result.success) throw new TypeError(`attachBridge: wrong options\n${z.prettifyError(result.error)}`);
  return withoutPrototype(result.data);
}

/** The largest message, given Socket.IO's own limit: all that it accepts must fit in base64, with a frame around it. */
export function defaultMaxPayload(maxHttpBufferSize: number): number {
  return Math.ceil((maxHttpBufferSize * 4) / 3) + 1024;
}
