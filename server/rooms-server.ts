/** A rooms server on an HTTP server of the caller's: Socket.IO, the bridge, the room API, and the demo if wanted. */
import type { IncomingMessage, Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import {
  addressGroup,
  attachBridge,
  DEFAULT_PATH,
  GatheringWebSocketServer,
  RoomAdapter,
  type BridgeOptions,
} from "@crossroom/bridge";
import type { Backend } from "./backend/backend.js";
import { createBackend } from "./backend/create-backend.js";
import type { ApiKeys } from "./auth/api-keys.js";
import { createHttpApi } from "./http-api/http-api.js";
import { createAdminHandler } from "./http/admin.js";
import { createAdminSource } from "./http/admin-source.js";
import { createAuthenticator, GUEST_USER } from "./auth/authenticator.js";
import { createDemoSignIn } from "./demo/sign-in.js";
import { engineGuard } from "./connections/engine-guard.js";
import type { KeySource } from "./auth/keys.js";
import { newOwnKey, type OwnKey } from "./auth/own-key.js";
import { createRequestJudge, hideRequestTokens, requestToken } from "./auth/request-token.js";
import { CallMemory } from "./connections/call-queue.js";
import { Delivery } from "./connections/delivery.js";
import type { HandlerLog } from "./connections/handler-log.js";
import { serveRooms } from "./connections/serve-rooms.js";
import { demoFiles, httpHandler } from "./http/http.js";
import {
  DEFAULT_INBOX_AGE,
  DEFAULT_PRESENCE_GRACE,
  DEFAULT_ROOM,
  type RoomSettings,
} from "./rooms/room-settings.js";
import { DEFAULT_LIMITS, type Limits } from "./limits/limits.js";
import type { Authenticate } from "./auth/authenticate.js";
import type { Policy } from "./rooms/policy.js";
import { GatheredLog } from "./log/gathered-log.js";
import { logRefusals } from "./connections/log-refusals.js";
import { WireTaps } from "./demo/wire-tap/wire-taps.js";
import { WireTapStreams } from "./demo/wire-tap/wire-tap-streams.js";
import { tapUpgrades } from "./demo/wire-tap/tap-upgrades.js";
import { Limiter } from "./limits/limiter.js";
import { ratesOf } from "./limits/rates.js";
import { ReadQueue } from "./limits/read-queue.js";
import { DeviceConnections } from "./inbox/device-connections.js";
import { Inboxes } from "./inbox/inboxes.js";
import { retentionOf } from "./rooms/log-names.js";
import type { Effect } from "./rooms/outcome.js";
import type { RoomsIo } from "./connections/rooms-io.js";
import { PresenceTelling } from "./rooms/presence-telling.js";
import { Rooms } from "./rooms/rooms.js";
import { TokenExpiry } from "./connections/token-expiry.js";
import { closeSlowReaders } from "./connections/slow-readers.js";
import { createMemoryStore } from "./store/memory/memory-store.js";
import type { Revocation } from "./store/revocations.js";
import { machineUptime } from "./store/machine-clock.js";
import type { Store, StoreOptions } from "./store/store.js";
import { createAddressOf, type TrustProxy } from "./config/trust-proxy.js";
import { Maintenance } from "./maintenance.js";
import { randomId } from "./random-id.js";

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
  /** How each room behaves. Default: `DEFAULT_ROOM`. */
  roomSettings?: (room: string) => RoomSettings;
  /** Keys of the HTTP API (`apiKeyFile`), with which a backend reaches this server at `/crossroom/v1`. Default: there is no such API. */
  apiKeys?: ApiKeys;
  limits?: Partial<Limits>;
  /** Milliseconds that a device whose connection is lost counts as there. Default 10,000. */
  presenceGrace?: number;
  /** Milliseconds that an inbox keeps an item, and remembers a device. Default 30 days. */
  inboxAge?: number;
  /** Browsers' origins that may connect. Default: any. Clients that send no `Origin` header may always. */
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

export interface RoomsServer extends Backend {
  readonly io: RoomsIo;
  /** Sends every client away; resolves when the HTTP server is closed as well, and the store is used no more. */
  close(): Promise<void>;
}

const DAY = 24 * 60 * 60 * 1000;

/** Milliseconds for which a revocation is kept, at least: longer than any token should be good for. */
const REVOCATION_AGE = 400 * DAY;

/** Milliseconds for which a message's id is remembered. */
const KEY_WINDOW = 10 * 60 * 1000;

/** Bytes that the calls of one connection, and of all together, may hold until they have ended. */
const MAX_CALL_BYTES = 4 * 1024 * 1024;
const MAX_CALL_BYTES_IN_ALL = 64 * 1024 * 1024;

/**
 * Bytes a second that are read of a connection, and of an address: twice what `bytesOfUser` and `bytesOfAddress` allow of `data`,
 * since what is refused is read as well.
 */
const INFLOW = 2;

/** Bytes around the `data` of a call: its frame, names and ids, or a token. */
const ENVELOPE = 16 * 1024;

/**
 * Bytes of a message on the wire that has `messageBytes` of data. Base64 makes binary a third larger, and a serialiser that
 * writes `\u0434` for every character beyond ASCII, as Python's does, makes text three times as large.
 */
function payloadOf(messageBytes: number): number {
  return 3 * messageBytes + ENVELOPE;
}

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

/**
 * Puts a rooms server on `httpServer`, which the caller makes (http or https) and has listen. Requests that are neither
 * Socket.IO's nor the bridge's are answered too: with the demo, `/healthz`, `/admin/`, or 404.
 */
export function createRoomsServer(httpServer: HttpServer, options: RoomsServerOptions = {}): RoomsServer {
  const {
    allowedOrigins,
    demo = false,
    presenceGrace = DEFAULT_PRESENCE_GRACE,
    log = SILENT,
    now = Date.now,
    uptime = machineUptime,
  } = options;
  const addressOf = options.trustProxy === undefined ? undefined : createAddressOf(options.trustProxy);
  const failed = (error: unknown, what: string): void => log.error({ err: error }, what);
  const store = options.store ?? createMemoryStore(storeOptions(options));
  const ownKey = options.tokens?.ownKey ?? newOwnKey();
  const authenticate =
    options.authenticate ??
    createAuthenticator({
      keys: [],
      guests: true,
      ...options.tokens,
      ownKey,
      demo,
      randomHex,
      now,
      ...store,
      guestEnded: (user, message) => tokens.endUser(user, message),
    });

  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const rates = ratesOf(limits.rates, limits);
  const limiter = new Limiter(limits, uptime);
  const reads = new ReadQueue(uptime);
  const gathered = new GatheredLog({
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  });
  const maxPayload = payloadOf(limits.messageBytes);
  const common = {
    ...{ limits, limiter, reads, now, failed },
    log: store.log,
    policy: options.policy ?? EVERYTHING,
    newId: options.newId ?? (() => randomId(12)),
    perform: (effects: readonly Effect[]) => delivery.perform(effects),
  };
  const settings = options.roomSettings ?? (() => DEFAULT_ROOM);
  const { presence } = store;
  const telling: PresenceTelling = new PresenceTelling({
    ...{ uptime, failed },
    maxNames: (room) => settings(room).maxNames,
    members: (room) => presence.members(room, settings(room).maxNames),
    tell: (event) => delivery.tellPresence(event),
    isAlone: (room, sid) => delivery.isAlone(room, sid),
  });
  const rooms = new Rooms({ ...common, uptime, presence, telling, settings, presenceGrace });
  const inboxAge = options.inboxAge ?? DEFAULT_INBOX_AGE;
  const connections = new DeviceConnections();
  const inboxes = new Inboxes({
    ...common,
    clock: store.clock,
    devices: store.devices,
    connections,
    inboxAge,
  });
  const tokens = new TokenExpiry({ now, uptime, revocations: store.revocations });
  const revoke = async (revocation: Revocation): Promise<void> => {
    // Whatever the clock was when they were given, all of a guest's tokens are older.
    if (revocation.type === "user" && GUEST_USER.test(revocation.user)) {
      await store.guestTokens.end(revocation.user);
    }
    await store.revocations.add(revocation, store.clock.now() + REVOCATION_AGE);
    tokens.revoke(revocation);
  };

  // Before Socket.IO, which takes its own requests from the listeners that it finds.
  const onError = (error: unknown): void => failed(error, "a request failed");
  const inspector = new WireTaps();
  const visitorOf = (request: IncomingMessage): string =>
    addressGroup(addressOf?.(request) ?? request.socket.remoteAddress ?? "");
  const inspect = new WireTapStreams(inspector, visitorOf);
  const takesGuests = options.tokens?.guests !== false;
  const signIn = createDemoSignIn({ ownKey, now, clock: store.clock, randomHex, onError });
  const handler = httpHandler({
    bridgePath: options.bridge?.path ?? DEFAULT_PATH,
    admin: createAdminHandler({
      authenticate,
      source: createAdminSource(store, rooms, revoke),
      now,
      clock: store.clock,
      onError,
    }),
    ...(options.apiKeys === undefined ? {} : { api: (...args) => httpApi?.(...args) }),
    ...(demo ? { demo: { files: demoFiles(), inspect, ...(takesGuests ? { signIn } : {}) } } : {}),
  });
  httpServer.on("request", handler);
  if (demo) tapUpgrades(httpServer, inspector, visitorOf, now);

  const io: RoomsIo = new Server(httpServer, {
    adapter: RoomAdapter,
    wsEngine: GatheringWebSocketServer,
    maxHttpBufferSize: maxPayload,
    cors: { origin: allowedOrigins === undefined ? "*" : [...allowedOrigins] },
    allowRequest: (request, done) => done(null, isAllowed(request.headers.origin, allowedOrigins)),
    ...options.heartbeat,
  });
  const delivery = new Delivery(io, telling);
  const judge = createRequestJudge(authenticate);
  io.engine.use(engineGuard({ judge, path: io.path(), onError }));
  attachBridge(io, httpServer, {
    authenticate: judge,
    maxPayload,
    maxBytesPerSecond: Math.ceil(INFLOW * rates.bytesOfUser.perSecond),
    maxBytesPerSecondOfAddress: Math.ceil(INFLOW * rates.bytesOfAddress.perSecond),
    ...(addressOf === undefined ? {} : { addressOf }),
    ...options.bridge,
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
  });
  logRefusals(io, gathered, addressOf);
  // After all others have put their listeners there, to be the first of them.
  hideRequestTokens(httpServer);
  const maxPendingCalls = limits.pendingCalls;
  const settled = serveRooms(io, {
    rooms,
    inboxes,
    tokens,
    perform: delivery.perform,
    devices: connections,
    authenticate,
    tokenOf: requestToken,
    maxPendingCalls,
    callMemory: new CallMemory(MAX_CALL_BYTES_IN_ALL, MAX_CALL_BYTES),
    gathered,
    messageBytes: limits.messageBytes,
    log,
  });

  const maintenance = new Maintenance({
    ...{ store, rooms, inboxes, limiter, inboxAge, failed },
    tellCounts: () => delivery.tellCounts(),
    closeSlowReaders: () => closeSlowReaders(io),
  });
  presence
    .restore(uptime() + presenceGrace)
    .catch((error: unknown) => failed(error, "presence was not restored"));
  const backend = createBackend({
    ...{ store, rooms, inboxes, settings, limiter, revoke, now, failed, perform: delivery.perform },
    sockets: () => io.of("/").sockets,
  });
  let isClosing = false;
  const httpApi =
    options.apiKeys &&
    createHttpApi({
      ...{ keys: options.apiKeys, authenticate, backend, now, log, gathered },
      ...{ messageBytes: limits.messageBytes, isClosing: () => isClosing },
    });
  const close = async (): Promise<void> => {
    isClosing = true;
    maintenance.stop();
    const closed = io.close();
    // A tick later, so that pages still see how their connections are closed. Until then no request ends.
    setImmediate(() => inspect.close());
    await closed;
    await settled();
    gathered.close();
  };
  return { ...backend, io, close };
}

/** CORS keeps no WebSocket out, so the origin is checked here; no header: no browser. */
function isAllowed(origin: string | undefined, allowed: readonly string[] | undefined): boolean {
  return origin === undefined || allowed === undefined || allowed.includes(origin);
}

/** Guests are known by 64 random bits. */
function randomHex(): string {
  return randomId(8, "hex");
}

const EVERYTHING: Policy = {
  rights: () => ({ join: true, publish: true, presence: true, history: true }),
  maySend: () => true,
};

const SILENT: HandlerLog = { debug: () => undefined, warn: () => undefined, error: () => undefined };
