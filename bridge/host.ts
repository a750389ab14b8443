/**
 * The seam with Socket.IO: what the bridge needs of a Socket.IO server and of the engine that it is bound to.
 * All knowledge of their insides is here; checked against socket.io 4.8.4 and engine.io 6.6.
 */
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { guardBroadcasts, type Broadcaster } from "./blob-guard.js";
import { DefaultCodec, type Codec } from "./codec.js";
import { asClient, DecodedEntry, type SocketIOClient } from "./decoded-entry.js";
import type { InheritedOptions } from "./options.js";
import { ParserCodec, type Encoder, type Parser } from "./parser-codec.js";

/** What the bridge asks of a Socket.IO server, whatever the types of its events. */
export interface SocketIOServer {
  readonly _opts: object;
  readonly _parser: unknown;
  readonly encoder: unknown;
  /** Milliseconds; `io.connectTimeout()`. */
  readonly _connectTimeout: number;
  engine: unknown;
  bind(engine: unknown): unknown;
  path(): string;
  of(name: string): { readonly adapter: object; readonly sockets: ReadonlyMap<string, SocketOfNamespace> };
}

interface SocketOfNamespace {
  readonly client: { readonly conn: object };
}

/** What Socket.IO's engine holds of a connection. */
export interface EngineSocket {
  readonly id: string;
  close(discard?: boolean): unknown;
}

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;
export type AllowRequest = (
  request: IncomingMessage,
  done: (message: string | null | undefined, success: boolean) => void,
) => void;

/** Engine.IO's server, as far as the bridge uses it. `clients` and so on are public there but for their types. */
export interface Engine extends EventEmitter {
  clients: Record<string, EngineSocket>;
  clientsCount: number;
  opts?: InheritedOptions & { allowRequest?: AllowRequest; cors?: unknown };
  middlewares?: readonly Middleware[];
  use?(middleware: Middleware): void;
  generateId?(request: IncomingMessage): string | Promise<string>;
}

/** The `allowRequest` options that are the bridge's, and the application's own that each of them asks first. */
const guards = new WeakMap<AllowRequest, AllowRequest | undefined>();

/** Puts `guard` before the application's own `allowRequest`, which it is to ask itself. */
export function setGuard(options: { allowRequest?: AllowRequest }, guard: AllowRequest): void {
  guards.set(guard, options.allowRequest);
  options.allowRequest = guard;
}

/** The application's own `allowRequest` option. */
export function ownAllowRequest({ opts }: Engine): AllowRequest | undefined {
  let allowRequest = opts?.allowRequest;
  while (allowRequest !== undefined && guards.has(allowRequest)) allowRequest = guards.get(allowRequest);
  return allowRequest;
}

/** The middlewares that are the bridge's. */
const ownMiddlewares = new WeakSet<Middleware>();

/** Has a middleware of the bridge's asked, which is to let upgrades to the bridge alone. */
export function addOwnMiddleware(engine: Engine, middleware: Middleware): void {
  ownMiddlewares.add(middleware);
  engine.use?.(middleware);
}

/** The middlewares of the application: those that an upgrade to the bridge is to pass. */
export function applicationMiddlewares(engine: Engine): readonly Middleware[] {
  const { middlewares = [] } = engine;
  const isCors = (index: number): boolean => index === 0 && hasPlainCors(engine);
  return middlewares.filter((middleware, index) => !ownMiddlewares.has(middleware) && !isCors(index));
}

/**
 * Whether Engine.IO's first middleware is what its `cors` option makes, and refuses nobody: it then only sets headers, which mean nothing to a
 * browser that opens a WebSocket. One with a function as its `origin`, or that is a function itself, may refuse.
 */
function hasPlainCors({ opts, middlewares = [] }: Engine): boolean {
  const cors = opts?.cors;
  if (typeof cors !== "object" || cors === null || middlewares[0]?.name !== "corsMiddleware") return false;
  return !("origin" in cors) || typeof cors.origin !== "function";
}

/** A connection's id, as the application wants it made (`io.engine.generateId`, which may be async). */
export function generateId(engine: Engine, request: IncomingMessage): string | Promise<string> {
  return engine.generateId?.(request) ?? randomBytes(15).toString("base64url");
}

/** Stands in for Engine.IO while Socket.IO is attached to no HTTP server. */
class BareEngine extends EventEmitter implements Engine {
  clients: Record<string, EngineSocket> = {};
  clientsCount = 0;

  /** Called by `io.close()`. */
  close(): void {
    for (const client of Object.values(this.clients)) client.close(true);
  }
}

/**
 * Releases before 4.6 have no `_opts`, nor what the bridge asks of a namespace. A server does not say of which release it is, and
 * another one may be installed beside it, so that its own looks tell.
 */
function requireRelease(io: unknown): void {
  const looksLikeServer = typeof io === "object" && io !== null && "_parser" in io && "bind" in io;
  if (!looksLikeServer) {
    throw new TypeError("attachBridge: the first argument must be a Server of socket.io, 4.6 or newer");
  }
  if ("_opts" in io) return;
  throw new TypeError(
    "attachBridge: this Server is of a release of socket.io before 4.6. Install a newer one: npm install socket.io@4",
  );
}

/** Keeps plain connections among the clients of whatever engine Socket.IO is bound to at the time. */
export class SocketIOHost<Connection extends EngineSocket> {
  readonly io: SocketIOServer;
  readonly #own = new Set<Connection>();
  /** Adapters whose broadcasts are guarded. */
  readonly #guarded = new WeakSet<object>();
  #watcher: ((engine: Engine) => void) | undefined;

  /** Throws a TypeError where `io` is no Socket.IO server, or one of a release that is too old. */
  constructor(io: SocketIOServer) {
    this.io = io;
    requireRelease(io);
    // `io.attach` after some clients have come binds another engine: `io.close()` must find them there.
    const bind = io.bind.bind(io);
    io.bind = (engine) => {
      const former = io.engine as Engine | undefined;
      const bound = bind(engine);
      if (this.io.engine !== former) this.#watcher?.(this.engine);
      for (const connection of this.#own) {
        if (former !== undefined) takeOut(connection, former);
        putIn(connection, this.engine);
      }
      return bound;
    };
  }

  /** Calls back with the engine that Socket.IO is bound to, if it is, and with each that it will be. */
  onEngine(watcher: (engine: Engine) => void): void {
    this.#watcher = watcher;
    if (this.io.engine !== undefined) watcher(this.engine);
  }

  /** Whether the server has a parser of the application's. */
  get hasOwnParser(): boolean {
    return "parser" in this.io._opts && Boolean(this.io._opts.parser);
  }

  /** The plain connections that there are. */
  get connections(): ReadonlySet<Connection> {
    return this.#own;
  }

  /** Milliseconds that a client has to connect to a namespace. */
  get connectTimeout(): number {
    return this.io._connectTimeout;
  }

  /** Engine.IO, or a stand-in where `io.attach` has not been called (yet). */
  get engine(): Engine {
    if (this.io.engine === undefined) this.io.bind(new BareEngine());
    return this.io.engine as Engine;
  }

  get inherited(): Required<{ [K in keyof InheritedOptions]: number }> {
    const opts: InheritedOptions = { ...this.io._opts, ...this.engine.opts };
    return {
      maxHttpBufferSize: opts.maxHttpBufferSize ?? 1e6,
      pingInterval: opts.pingInterval ?? 25_000,
      pingTimeout: opts.pingTimeout ?? 20_000,
    };
  }

  /** Throws where Socket.IO would take the bridge's requests for its own. */
  checkPath(path: string): void {
    const own = `${this.io.path()}/`;
    if (`${path}/`.startsWith(own)) {
      throw new TypeError(
        `attachBridge: the path ${path} lies below Socket.IO's path ${own}, which takes all requests there. ` +
          `Set the bridge's option "path", or Socket.IO's.`,
      );
    }
  }

  /** The codec for the server's parser. Throws if it is none that the bridge can use. */
  codec(): Codec {
    const hasOffsets = (ns: string): boolean => this.#hasOffsets(ns);
    if (!this.hasOwnParser) return new DefaultCodec(hasOffsets);
    const parser = this.io._parser as Partial<Parser>;
    if (typeof parser.Encoder !== "function" || typeof parser.Decoder !== "function") {
      throw new TypeError("attachBridge: the server's parser has no Encoder and Decoder classes");
    }
    return new ParserCodec(parser as Parser, hasOffsets, this.io.encoder as Encoder);
  }

  /** The short way in, where Socket.IO has its own parser and that looks as it should. */
  decodedEntry(): DecodedEntry | undefined {
    const { Decoder } = this.io._parser as Partial<Parser>;
    return this.hasOwnParser || typeof Decoder !== "function" ? undefined : new DecodedEntry({ Decoder });
  }

  /** What Socket.IO has for a connection, one of whose sockets is `sid`; undefined where that is not what is known of it. */
  clientOf(ns: string, sid: string, connection: Connection): SocketIOClient | undefined {
    const client = this.io.of(ns).sockets.get(sid)?.client;
    return client?.conn === connection ? asClient(client) : undefined;
  }

  /** Has broadcasts of a namespace refused whole that would bring a Blob to a plain client. To be called when one is in it. */
  guard(ns: string): void {
    const { adapter, sockets } = this.io.of(ns);
    if (this.#guarded.has(adapter)) return;
    this.#guarded.add(adapter);
    guardBroadcasts(adapter as Broadcaster, (id) => {
      const conn = sockets.get(id)?.client.conn;
      return conn !== undefined && this.#own.has(conn as Connection);
    });
  }

  /** Counts a connection among the engine's clients and announces it to Socket.IO. */
  add(connection: Connection): void {
    const { engine } = this;
    this.#own.add(connection);
    putIn(connection, engine);
    engine.emit("connection", connection);
  }

  remove(connection: Connection): void {
    if (this.#own.delete(connection)) takeOut(connection, this.engine);
  }

  /**
   * Whether events of a namespace end with an offset: connection state recovery is on, and the adapter restores
   * sessions. Every adapter inherits `restoreSession`; those that keep sessions have one of their own.
   */
  #hasOffsets(ns: string): boolean {
    if (!("connectionStateRecovery" in this.io._opts) || !this.io._opts.connectionStateRecovery) return false;
    const { adapter } = this.io.of(ns);
    return restoreSession(adapter) !== restoreSession(baseOf(adapter));
  }
}

function putIn(connection: EngineSocket, engine: Engine): void {
  engine.clients[connection.id] = connection;
  engine.clientsCount++;
}

function takeOut(connection: EngineSocket, engine: Engine): void {
  Reflect.deleteProperty(engine.clients, connection.id);
  engine.clientsCount--;
}

/** Engine.IO's codes for the `connection_error` event (engine.io 6, Server.errors). */
export const EngineError = { BAD_REQUEST: 3, FORBIDDEN: 4 } as const;

function restoreSession(adapter: object): unknown {
  return "restoreSession" in adapter ? adapter.restoreSession : undefined;
}

/** The prototype right above EventEmitter's: that of socket.io-adapter's Adapter, whichever copy is in use. */
function baseOf(adapter: object): object {
  let base = adapter;
  for (;;) {
    const parent = Object.getPrototypeOf(base) as object | null;
    if (parent === null || !(parent instanceof EventEmitter)) return base;
    base = parent;
  }
}
