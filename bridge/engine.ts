/**
 * The bridge at work: takes upgrade requests of an HTTP server, makes connections of them, and keeps these until they
 * end. Beside Engine.IO, not instead of it: connections are announced on the engine that Socket.IO is bound to.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type Server, type ServerOptions } from "ws";
import { addressGroup } from "./addresses.js";
import { Admissions } from "./admission.js";
import { Agenda } from "./agenda.js";
import { REFUSALS, type Refusal } from "./close-codes.js";
import type { Codec } from "./codec.js";
import type { Connection, ConnectionContext } from "./connection.js";
import type { Engine, SocketIOHost, SocketIOServer } from "./host.js";
import { HttpBridge, type HttpBridgeParts } from "./http-bridge.js";
import { Inflow } from "./inflow.js";
import { ConnectionCounter, type Rate } from "./limits.js";
import { defaultMaxPayload, type HttpOptions, type ParsedOptions } from "./options.js";
import { Outbox } from "./fanout/outbox.js";
import { PlainWebSocket } from "./plain-websocket.js";
import { SocketIOLimits } from "./socketio-limits.js";
import { UpgradeQueue } from "./upgrade-queue.js";
import { isFor, refuse } from "./upgrade.js";
import { WebSocketConnection } from "./websocket-connection.js";

/** The subprotocol of version 1 (PROTOCOL.md, 1.2). */
const SUBPROTOCOL = "crossroom.v1";

/** The types of ws know servers of other WebSockets only by this name. */
const PlainWebSocketServer = WebSocketServer as typeof Server<typeof PlainWebSocket>;

/** What is made when the first client comes: by then Socket.IO's engine is there, with the options that it was given. */
interface Live {
  readonly context: ConnectionContext;
  readonly wss: InstanceType<typeof PlainWebSocketServer>;
}

export class BridgeEngine {
  readonly #host: SocketIOHost<Connection>;
  readonly #httpServer: HttpServer;
  readonly #options: ParsedOptions;
  readonly #codec: Codec;
  readonly #counter: ConnectionCounter;
  readonly #inflow: Inflow;
  readonly #admissions: Admissions;
  readonly #http: HttpBridge | undefined;
  /** The headers that go on the answer to a request. */
  readonly #headers = new WeakMap<IncomingMessage, readonly string[]>();
  #started: Live | undefined;
  #closed = false;
  /** Not true for one that is handed its sockets by another process, as @socket.io/sticky does. */
  #hasListened = false;

  /** Throws a TypeError where the path or the server's parser cannot be served. */
  constructor(host: SocketIOHost<Connection>, httpServer: HttpServer, options: ParsedOptions) {
    this.#host = host;
    this.#httpServer = httpServer;
    this.#options = options;
    host.checkPath(options.path);
    claim(options.path, httpServer, host);
    this.#codec = host.codec();
    this.#counter = new ConnectionCounter(options.maxConnections, options.maxConnectionsPerAddress);
    this.#inflow = new Inflow(
      {
        ofConnection: byteRate(options.maxBytesPerSecond),
        ofAddress: byteRate(options.maxBytesPerSecondOfAddress),
      },
      now,
    );
    const upgrades = new UpgradeQueue({
      max: options.maxWaitingUpgrades,
      maxWait: options.upgradeTimeout,
      now,
    });
    this.#admissions = new Admissions({
      ...{ options, upgrades, counter: this.#counter },
      engine: () => host.engine,
      isClosing: () => this.#isClosing,
      addressOf: (request) => this.#addressOf(request),
    });
    httpServer.on("upgrade", this.#onUpgrade);
    this.#http = options.http === false ? undefined : this.#serveHttp(options.http);
    if (options.limitSocketIO) {
      const limits = new SocketIOLimits({
        counter: this.#counter,
        inflow: this.#inflow,
        upgrades,
        messages: messageRate(options),
        maxNamespaces: options.maxNamespaces,
        hasOwnParser: host.hasOwnParser,
        now,
        addressOf: (request) => this.#addressOf(request),
      });
      host.onEngine((engine) => limits.watch(engine));
    }
  }

  /** How many plain clients are connected. */
  get clientsCount(): number {
    return this.#host.connections.size;
  }

  /** Takes no more requests, and closes all connections. */
  close(): void {
    this.#closed = true;
    bridges.get(this.#httpServer)?.delete(this.#options.path);
    this.#httpServer.removeListener("upgrade", this.#onUpgrade);
    this.#http?.close();
    for (const connection of this.#host.connections) connection.close(true);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!isFor(this.#options.path, request)) return;
    // Until `ws` takes over, an error of the socket means only that the client has gone.
    socket.on("error", destroy);
    this.#hasListened ||= this.#httpServer.listening;
    let rest = head;
    const refuseHandshake = (refusal: Refusal, message?: string): void => refuse(socket, refusal, message);
    this.#admissions.ask({
      ...{ request, socket, life: socket, transport: "websocket", refuse: refuseHandshake },
      onTurn: () => showToEngineIO(socket),
      onWait: (reason) => {
        hideFromEngineIO(socket);
        if (reason === "hook" || rest.length === 0) return;
        // Kept with what follows: a client may have said all that it wants to, and is heard though it ends before its turn.
        socket.unshift(rest);
        rest = Buffer.alloc(0);
      },
      admit: ({ id, request: kept, headers }, address, keepPlace) => {
        this.#headers.set(request, [...headers, ...headerLines(engineHeaders(this.#host.engine, request))]);
        const { wss, context } = this.#live;
        socket.removeListener("error", destroy);
        wss.handleUpgrade(request, socket, rest, (ws) => {
          keepPlace();
          const connection = new WebSocketConnection(id, kept, address, ws, socket, context);
          ws.connection = connection;
          this.#open(connection);
        });
      },
    });
  };

  #serveHttp(http: HttpOptions): HttpBridge {
    const parts: HttpBridgeParts = {
      ...{ http, httpServer: this.#httpServer, options: this.#options, admissions: this.#admissions },
      context: () => this.#live.context,
      onRequest: () => (this.#hasListened ||= this.#httpServer.listening),
      isClosing: () => this.#isClosing,
      headersFor: (request) => engineHeaders(this.#host.engine, request),
      open: (connection) => this.#open(connection),
    };
    return new HttpBridge(parts, now);
  }

  get #isClosing(): boolean {
    return this.#closed || (this.#hasListened && !this.#httpServer.listening);
  }

  /** Undefined where the application's hook fails, for want of a proxy's header, say. */
  #addressOf(request: IncomingMessage): string | undefined {
    try {
      return this.#options.addressOf?.(request) ?? request.socket.remoteAddress ?? "";
    } catch {
      return undefined;
    }
  }

  get #live(): Live {
    return (this.#started ??= this.#start());
  }

  #start(): Live {
    const options = this.#options;
    const inherited = this.#host.inherited;
    const maxPayload = options.maxPayload ?? defaultMaxPayload(inherited.maxHttpBufferSize);
    const pingInterval = options.pingInterval ?? inherited.pingInterval;
    const pingTimeout = options.pingTimeout ?? inherited.pingTimeout;
    const context: ConnectionContext = {
      codec: this.#codec,
      outbox: new Outbox(),
      inflow: this.#inflow,
      agenda: new Agenda(agendaPeriod(pingInterval, pingTimeout), now),
      now,
      connectTimeout: this.#host.connectTimeout,
      decodedEntry: this.#host.decodedEntry(),
      onNamespace: (ns, sid, connection) => {
        this.#host.guard(ns);
        return this.#host.clientOf(ns, sid, connection);
      },
      onEnd: (connection) => this.#onEnd(connection),
      onGone: (connection) => this.#counter.remove(addressGroup(connection.remoteAddress)),
      limits: {
        pingInterval,
        pingTimeout,
        maxPayload,
        messages: messageRate(options),
        malformed: { perSecond: options.maxMalformedPerMinute / 60, burst: options.maxMalformedPerMinute },
        maxBufferedBytes: options.maxBufferedBytes,
        maxNamespaces: options.maxNamespaces,
        maxPendingAcks: options.maxPendingAcks,
      },
    };
    // closeTimeout is not in the types yet (@types/ws 8.18).
    const wsOptions: ServerOptions<typeof PlainWebSocket> & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload,
      perMessageDeflate: options.perMessageDeflate,
      handleProtocols: (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      WebSocket: PlainWebSocket,
      autoPong: false,
      closeTimeout: options.closeTimeout,
    };
    const wss = new PlainWebSocketServer(wsOptions);
    wss.on("headers", (lines, request) => {
      lines.push(...(this.#headers.get(request) ?? []));
      this.#headers.delete(request);
    });
    wss.on("wsClientError", (error, socket, request) => {
      const refuseHandshake = (refusal: Refusal, message?: string): void => refuse(socket, refusal, message);
      this.#admissions.refuse({ request, refuse: refuseHandshake }, REFUSALS.badHandshake, error.message);
    });
    return { context, wss };
  }

  #open(connection: Connection): void {
    connection.context.agenda.add(connection, connection.firstLook);
    this.#host.add(connection);
  }

  #onEnd(connection: Connection): void {
    this.#host.remove(connection);
    connection.context.agenda.remove(connection);
  }
}

/** Milliseconds by which a ping or a timeout may be late. */
function agendaPeriod(pingInterval: number, pingTimeout: number): number {
  return Math.min(1_000, Math.max(10, Math.min(pingInterval, pingTimeout) / 8));
}

/** The paths that bridges serve on each HTTP server, and the Socket.IO server of each. */
const bridges = new WeakMap<HttpServer, Map<string, SocketIOServer>>();

/** The bridges that an HTTP server has at the moment: the Socket.IO server of each, by its path. */
export function bridgesOn(httpServer: HttpServer): ReadonlyMap<string, SocketIOServer> {
  return bridges.get(httpServer) ?? new Map<string, SocketIOServer>();
}

/** Throws where another bridge has the path: both would answer its requests. */
function claim(path: string, httpServer: HttpServer, { io }: SocketIOHost<Connection>): void {
  if (!(httpServer instanceof EventEmitter)) {
    throw new TypeError("attachBridge: the second argument must be the HTTP server that clients connect to");
  }
  const taken = bridges.get(httpServer) ?? new Map<string, SocketIOServer>();
  if (taken.has(path)) {
    throw new TypeError(
      `attachBridge: this server has a bridge at ${path} already. Set the option "path" of one.`,
    );
  }
  bridges.set(httpServer, taken.set(path, io));
}

function messageRate({ maxMessagesPerSecond }: ParsedOptions): Rate {
  return { perSecond: maxMessagesPerSecond, burst: maxMessagesPerSecond * 2 };
}

function byteRate(perSecond: number): Rate {
  return { perSecond, burst: perSecond * 2 };
}

/** Whole milliseconds on a clock that only goes forward. */
function now(): number {
  return Math.trunc(performance.now());
}

function destroy(this: Duplex): void {
  this.destroy();
}

/**
 * Engine.IO ends upgrades on other paths that have no answer after a second, or sooner where its
 * `destroyUpgradeTimeout` says so; it takes bytes on the socket for an answer (engine.io 6.6, Server.attach). While a
 * request waits for its turn, or a hook is asked, the socket says that it has some.
 */
function hideFromEngineIO(socket: Duplex): void {
  Object.defineProperty(socket, "bytesWritten", { configurable: true, value: 1 });
}

/** The answer follows at once, or a hook is asked: from here on the socket counts its own bytes again. */
function showToEngineIO(socket: Duplex): void {
  Reflect.deleteProperty(socket, "bytesWritten");
}

/** The headers that listeners on `io.engine` add to the answer, as they do for Engine.IO's own (socket.io docs). */
function engineHeaders(engine: Engine, request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  engine.emit("initial_headers", headers, request);
  engine.emit("headers", headers, request);
  return headers;
}

function headerLines(headers: Record<string, string>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}
