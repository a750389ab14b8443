/** A rooms server on an HTTP server of the caller's: Socket.IO, the bridge, the room API, and the demo if wanted. */
import { randomBytes } from "node:crypto";
import type { Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import { attachBridge, GatheringWebSocketServer, RoomAdapter, type BridgeOptions } from "../bridge/index.js";
import { guests, type Authenticate } from "./auth.js";
import { serveRooms, type HandlerLog, type RoomsIo } from "./handlers.js";
import { demoFiles, httpHandler } from "./http.js";
import { InspectSessions } from "./inspect/sessions.js";
import { InspectStreams } from "./inspect/stream.js";
import { tapUpgrades } from "./inspect/tap.js";
import { Rooms } from "./rooms/rooms.js";

export interface RoomsServerOptions {
  /** Judges each client that connects. Default: everybody is a guest. */
  authenticate?: Authenticate;
  /** Browsers' origins that may connect. Default: any. Clients that send no `Origin` header may always. */
  allowedOrigins?: readonly string[];
  /** How many rooms one connection may be in at a time. Default 100. */
  maxRoomsPerDevice?: number;
  /**
   * Whether to serve the demo page at `/`, and its inspector at `/inspect`. Default false. The page expects the bridge at
   * its default path.
   */
  demo?: boolean;
  /** Further limits of the bridge. */
  bridge?: Omit<BridgeOptions, "allowedOrigins">;
  /** Default: no log. */
  log?: HandlerLog;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
  /** Where message ids come from; never the same twice. Default: 96 random bits. */
  newId?: () => string;
}

export interface RoomsServer {
  readonly io: RoomsIo;
  /** Sends every client away, and resolves when the HTTP server is closed as well. */
  close(): Promise<void>;
}

/**
 * Puts a rooms server on `httpServer`, which the caller makes (http or https) and has listen. Requests that are neither
 * Socket.IO's nor the bridge's are answered too: with the demo, `/healthz`, or 404.
 */
export function createRoomsServer(httpServer: HttpServer, options: RoomsServerOptions = {}): RoomsServer {
  const {
    allowedOrigins,
    log = SILENT,
    now = Date.now,
    newId = newMessageId,
    maxRoomsPerDevice = 100,
  } = options;
  const sessions = new InspectSessions();
  const inspect = new InspectStreams(sessions);
  const bridgePath = options.bridge?.path ?? "/bridge";
  const handler = httpHandler({
    bridgePath,
    ...(options.demo ? { demo: { files: demoFiles(), inspect } } : {}),
  });
  // Before Socket.IO, which takes its own requests from the listeners that it finds.
  httpServer.on("request", handler);
  if (options.demo) tapUpgrades(httpServer, sessions, now);

  const io: RoomsIo = new Server(httpServer, {
    adapter: RoomAdapter,
    wsEngine: GatheringWebSocketServer,
    cors: { origin: allowedOrigins === undefined ? "*" : [...allowedOrigins] },
    allowRequest: (request, done) => done(null, isAllowed(request.headers.origin, allowedOrigins)),
  });
  attachBridge(io, httpServer, {
    ...options.bridge,
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
  });
  serveRooms(io, {
    rooms: new Rooms({ now, newId, maxRoomsPerDevice }),
    authenticate: options.authenticate ?? guests(newGuestId),
    log,
  });
  return {
    io,
    async close() {
      const closed = io.close();
      // A turn later, so that pages still see how their connections are closed. Until then no request ends.
      setImmediate(() => inspect.close());
      await closed;
    },
  };
}

/** CORS keeps no WebSocket out, so the origin is checked here; no header: no browser. */
function isAllowed(origin: string | undefined, allowed: readonly string[] | undefined): boolean {
  return origin === undefined || allowed === undefined || allowed.includes(origin);
}

/** As rare to meet again as a UUID for all that rooms will ever hold, and half as long in each message. */
function newMessageId(): string {
  return randomBytes(12).toString("base64url");
}

/** 64 random bits: guests live only as long as a connection. */
function newGuestId(): string {
  return randomBytes(8).toString("hex");
}

const SILENT: HandlerLog = { debug: () => undefined, error: () => undefined };
