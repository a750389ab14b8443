/**
 * The bridge at work: takes upgrade requests of an HTTP server, makes connections of them, and keeps these until they
 * end. Beside Engine.IO, not instead of it: connections are announced on the engine that Socket.IO is bound to.
 */
import { EventEmitter } from "node:events";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type Server, type ServerOptions } from "ws";
import { addressGroup } from "./addresses.js";
import { Agenda } from "./agenda.js";
import { REFUSALS, type Refusal } from "./close-codes.js";
import type { Codec } from "./codec.js";
import { Connection, type ConnectionContext } from "./connection.js";
import { EngineError, type Engine, type SocketIOHost } from "./host.js";
import { Inflow } from "./inflow.js";
import { ConnectionCounter, type Rate } from "./limits.js";
import { defaultMaxPayload, type ParsedOptions } from "./options.js";
import { Outbox } from "./fanout/outbox.js";
import { PlainWebSocket } from "./plain-websocket.js";
import { SocketIOLimits } from "./socketio-limits.js";
import { UpgradeQueue } from "./upgrade-queue.js";
import { decide, isFor, isOriginAllowed, refuse, type Admission, type Decision } from "./upgrade.js";

/** The subprotocol of version 1 (PROTOCOL.md, 1.2). */
const SUBPROTOCOL = "crossroom.v1";

/** Milliseconds between two looks at whether the server closes, while a hook is asked about a request. */
const CLOSING_CHECK = 100;

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
  readonly #upgrades: UpgradeQueue;
  /** The headers that go on the answer to a request. */
  readonly #headers = new WeakMap<IncomingMessage, readonly string[]>();
  #live: Live | undefined;
  #closed = false;
  /** Not true for one that is handed its sockets by another process, as @socket.io/sticky does. */
  #hasListened = false;

  /** Throws a TypeError where the path or the server's parser cannot be served. */
  constructor(host: SocketIOHost<Connection>, httpServer: HttpServer, options: ParsedOptions) {
    this.#host = host;
    this.#httpServer = httpServer;
    this.#options = options;
    host.checkPath(options.path);
    claim(options.path, httpServer);
    this.#codec = host.codec();
    this.#counter = new ConnectionCounter(options.maxConnections, options.maxConnectionsPerAddress);
    this.#inflow = new Inflow(
      {
        ofConnection: byteRate(options.maxBytesPerSecond),
        ofAddress: byteRate(options.maxBytesPerSecondOfAddress),
      },
      now,
    );
    this.#upgrades = new UpgradeQueue({
      max: options.maxWaitingUpgrades,
      maxWait: options.upgradeTimeout,
      now,
    });
    httpServer.on("upgrade", this.#onUpgrade);
    if (options.limitSocketIO) {
      const limits = new SocketIOLimits({
        counter: this.#counter,
        inflow: this.#inflow,
        upgrades: this.#upgrades,
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
    paths.get(this.#httpServer)?.delete(this.#options.path);
    this.#httpServer.removeListener("upgrade", this.#onUpgrade);
    for (const connection of this.#host.connections) connection.close(true);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!isFor(this.#options.path, request)) return;
    // Until `ws` takes over, an error of the socket means only that the client has gone.
    socket.on("error", destroy);
    this.#hasListened ||= this.#httpServer.listening;
    const address = this.#addressOf(request);
    if (address === undefined) {
      this.#refuse(request, socket, REFUSALS.forbidden);
      return;
    }
    if (!isOriginAllowed(request, this.#options.allowedOrigins)) {
      this.#refuse(request, socket, REFUSALS.originNotAllowed);
      return;
    }
    const group = addressGroup(address);
    const place = this.#counter.add(group);
    if (place !== "added") {
      this.#refuse(
        request,
        socket,
        place === "full" ? REFUSALS.tooManyConnections : REFUSALS.tooManyFromAddress,
      );
      return;
    }
    // Until the WebSocket is open, the place is given back when the socket is gone, whatever becomes of the request.
    const release = (): void => this.#counter.remove(group);
    socket.once("close", release);
    let rest = head;
    const carryOut = (decided: Decision): void => {
      const admission = this.#admit(request, socket, decided);
      if (admission === undefined) return;
      const { wss, context } = (this.#live ??= this.#start());
      socket.removeListener("error", destroy);
      wss.handleUpgrade(request, socket, rest, (ws) => {
        socket.removeListener("close", release);
        this.#open(new Connection(admission.id, admission.request, address, ws, socket, context), ws);
      });
    };
    const begin = (): void => {
      showToEngineIO(socket);
      setQuery(request);
      const decision = decide(request, socket, this.#host.engine, this.#options);
      if (decision instanceof Promise) this.#await(decision, socket, carryOut);
      else carryOut(decision);
    };
    const turn = this.#upgrades.add(socket, begin);
    if (turn === "waits") {
      hideFromEngineIO(socket);
      // Kept with what follows: a client may have said all that it wants to, and is heard though it ends before its turn.
      if (head.length > 0) socket.unshift(head);
      rest = Buffer.alloc(0);
    }
    if (turn === "full") this.#refuse(request, socket, REFUSALS.overloaded);
  };

  /** Waits for hooks, but not past the server's end: `io.close()` waits for all sockets. */
  #await(decision: Promise<Decision>, socket: Duplex, carryOut: (decided: Decision) => void): void {
    hideFromEngineIO(socket);
    const settle = (decided: Decision): void => {
      if (watch === undefined) return;
      clearInterval(watch);
      watch = undefined;
      showToEngineIO(socket);
      carryOut(decided);
    };
    let watch: NodeJS.Timeout | undefined = setInterval(() => {
      if (this.#isClosing) settle({ refusal: REFUSALS.shuttingDown });
    }, CLOSING_CHECK);
    void decision.then(settle);
  }

  get #isClosing(): boolean {
    return this.#closed || (this.#hasListened && !this.#httpServer.listening);
  }

  /** Carries a decision out up to the handshake; undefined where the request is refused, or its client has gone. */
  #admit(request: IncomingMessage, socket: Duplex, decision: Decision): Admission | undefined {
    if (socket.destroyed) return undefined;
    // While the hooks were asked, the server may have begun to close.
    if (this.#isClosing) {
      this.#refuse(request, socket, REFUSALS.shuttingDown);
      return undefined;
    }
    if ("refusal" in decision) {
      this.#refuse(request, socket, decision.refusal, decision.message);
      return undefined;
    }
    this.#headers.set(request, [...decision.headers, ...engineHeaders(this.#host.engine, request)]);
    return decision;
  }

  /** Undefined where the application's hook fails, for want of a proxy's header, say. */
  #addressOf(request: IncomingMessage): string | undefined {
    try {
      return this.#options.addressOf?.(request) ?? request.socket.remoteAddress ?? "";
    } catch {
      return undefined;
    }
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
      this.#refuse(request, socket, REFUSALS.badHandshake, error.message);
    });
    return { context, wss };
  }

  #open(connection: Connection, ws: PlainWebSocket): void {
    ws.connection = connection;
    connection.context.agenda.add(connection, connection.firstLook);
    this.#host.add(connection);
  }

  #onEnd(connection: Connection): void {
    this.#host.remove(connection);
    connection.context.agenda.remove(connection);
  }

  #refuse(request: IncomingMessage, socket: Duplex, refusal: Refusal, message?: string): void {
    refuse(socket, refusal, message);
    this.#host.engine.emit("connection_error", {
      req: request,
      code: refusal.status === 400 ? EngineError.BAD_REQUEST : EngineError.FORBIDDEN,
      message: message ?? refusal.description,
      context: { name: refusal.code },
    });
  }
}

/** Milliseconds by which a ping or a timeout may be late. */
function agendaPeriod(pingInterval: number, pingTimeout: number): number {
  return Math.min(1_000, Math.max(10, Math.min(pingInterval, pingTimeout) / 8));
}

/** The paths that bridges serve on each HTTP server. */
const paths = new WeakMap<HttpServer, Set<string>>();

/** Throws where another bridge has the path: both would answer its requests. */
function claim(path: string, httpServer: HttpServer): void {
  if (!(httpServer instanceof EventEmitter)) {
    throw new TypeError("attachBridge: the second argument must be the HTTP server that clients connect to");
  }
  const taken = paths.get(httpServer) ?? new Set();
  if (taken.has(path)) {
    throw new TypeError(
      `attachBridge: this server has a bridge at ${path} already. Set the option "path" of one.`,
    );
  }
  paths.set(httpServer, taken.add(path));
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
 * Socket.IO reads `handshake.query` from here (socket.io 4.8, Socket.buildHandshake). Its own clients have these two there, and
 * applications switch on them: the bridge speaks for revision 4 of Engine.IO, and over a WebSocket.
 */
function setQuery(request: IncomingMessage): void {
  const { searchParams } = new URL(request.url ?? "", "http://localhost");
  const ofEngineIO = { EIO: "4", transport: "websocket" };
  Object.assign(request, { _query: { ...Object.fromEntries(searchParams), ...ofEngineIO } });
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
function engineHeaders(engine: Engine, request: IncomingMessage): string[] {
  const headers: Record<string, string> = {};
  engine.emit("initial_headers", headers, request);
  engine.emit("headers", headers, request);
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}
