/** The rooms service, put together: what it keeps, who may come in, and what is done with each client of one Socket.IO namespace. */
import type { CloseCode } from "@crossroom/bridge";
import { createAuthenticator, GUEST_USER } from "./auth/authenticator.js";
import type { ApiKeys } from "./auth/api-keys.js";
import type { Authenticate } from "./auth/authenticate.js";
import { newOwnKey, type OwnKey } from "./auth/own-key.js";
import type { Backend } from "./backend/backend.js";
import { createBackend } from "./backend/create-backend.js";
import { EventSource } from "./backend/events.js";
import { clientOf } from "./backend/connected-client.js";
import { CallMemory } from "./connections/call-queue.js";
import { Delivery } from "./connections/delivery.js";
import type { HandlerLog } from "./connections/handler-log.js";
import type { RoomsNamespace, RoomsSocket } from "./connections/rooms-io.js";
import { serveRooms } from "./connections/serve-rooms.js";
import { closeSlowReaders } from "./connections/slow-readers.js";
import { TokenExpiry } from "./connections/token-expiry.js";
import { createAdminHandler } from "./http/admin.js";
import { createAdminSource } from "./http/admin-source.js";
import { metricsGuard } from "./http/metrics-guard.js";
import type { HttpHandler } from "./http/http-json.js";
import { createHttpApi, type HttpApi } from "./http-api/http-api.js";
import { DeviceConnections } from "./inbox/device-connections.js";
import { Inboxes } from "./inbox/inboxes.js";
import { Limiter } from "./limits/limiter.js";
import { DEFAULT_LIMITS, type Limits } from "./limits/limits.js";
import { ratesOf, type Rates } from "./limits/rates.js";
import { ReadQueue } from "./limits/read-queue.js";
import { GatheredLog } from "./log/gathered-log.js";
import { Metrics } from "./metrics/metrics.js";
import { Maintenance } from "./maintenance.js";
import { randomHex, randomId } from "./random-id.js";
import { storeOptions, type RoomsServerOptions } from "./rooms-options.js";
import { serveMetrics, type ServedMetrics } from "./serve-metrics.js";
import type { Effect } from "./rooms/outcome.js";
import { withTimeout } from "./rooms/before.js";
import type { Policy } from "./rooms/policy.js";
import { PresenceTelling } from "./rooms/presence-telling.js";
import { DEFAULT_INBOX_AGE, DEFAULT_PRESENCE_GRACE, DEFAULT_ROOM } from "./rooms/room-settings.js";
import { Rooms } from "./rooms/rooms.js";
import { createMemoryStore } from "./store/memory/memory-store.js";
import { machineUptime } from "./store/machine-clock.js";
import type { Revocation } from "./store/revocations.js";
import type { Store } from "./store/store.js";

const DAY = 24 * 60 * 60 * 1000;

/** Milliseconds for which a revocation is kept, at least: longer than any token should be good for. */
const REVOCATION_AGE = 400 * DAY;

/** Milliseconds for a hook of the application's. */
const BEFORE_TIMEOUT = 10_000;

/** Bytes that the calls of one connection, and of all together, may hold until they have ended. */
const MAX_CALL_BYTES = 4 * 1024 * 1024;
const MAX_CALL_BYTES_IN_ALL = 64 * 1024 * 1024;

/** How the service is joined to Socket.IO. */
export interface Joint {
  readonly namespace: RoomsNamespace;
  /** The Engine.IO sockets that may have clients of the namespace. */
  connections(): Iterable<object>;
  /** The token of the request that opened the connection, where that request is a client's of the rooms alone. */
  tokenOf(request: RoomsSocket["request"]): string | undefined;
  /** Sends a client away, with a code that says why where there is one. */
  end(socket: RoomsSocket, why?: CloseCode): void;
}

/** What whoever mounts the service needs of it. */
export interface RoomsService {
  readonly store: Store;
  /** What signs guests' tokens. */
  readonly ownKey: OwnKey;
  readonly authenticate: Authenticate;
  readonly log: HandlerLog;
  /** For what clients cause, any number of times. */
  readonly gathered: GatheredLog;
  /** Answers `/admin/...`. */
  readonly admin: HttpHandler;
  /** Answers `/crossroom/v1/...`. */
  readonly api: HttpApi;
  readonly failed: (error: unknown, what: string) => void;
  /** What is counted. */
  readonly metrics: Metrics;
  readonly served: ServedMetrics;
  /** What a program may do without a connection. */
  readonly backend: Backend;
  /** Takes no more clients, has those that there are sent away, and resolves when the store is used no more. */
  close(sendAway: () => Promise<void> | void): Promise<void>;
}

/** The limits that hold, and the rates that follow from them. */
export function limitsOf(options: RoomsServerOptions): { limits: Limits; rates: Rates } {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  return { limits, rates: ratesOf(limits.rates, limits) };
}

export function createRoomsService(joint: Joint, options: RoomsServerOptions): RoomsService {
  const {
    demo = false,
    presenceGrace = DEFAULT_PRESENCE_GRACE,
    log = SILENT,
    now = Date.now,
    uptime = machineUptime,
  } = options;
  const { namespace } = joint;
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

  const events = new EventSource(failed);
  const before = options.before && withTimeout(options.before, options.beforeTimeout ?? BEFORE_TIMEOUT);
  const { limits } = limitsOf(options);
  const metrics = new Metrics(uptime);
  const limiter = new Limiter(limits, uptime, (rate) => metrics.refusals.add(rate));
  const gathered = new GatheredLog({
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  });
  const common = {
    ...{ limits, limiter, now, failed },
    reads: new ReadQueue(uptime),
    log: store.log,
    policy: options.policy ?? EVERYTHING,
    before,
    newId: options.newId ?? (() => randomId(12)),
    perform: (effects: readonly Effect[]): void => {
      delivery.perform(effects);
      events.performed(effects);
    },
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
  const delivery = new Delivery(namespace, telling, metrics);
  const rooms = new Rooms({ ...common, uptime, presence, telling, settings, presenceGrace });
  const inboxAge = options.inboxAge ?? DEFAULT_INBOX_AGE;
  const devices = new DeviceConnections();
  const inboxes = new Inboxes({
    ...common,
    clock: store.clock,
    devices: store.devices,
    connections: devices,
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

  const serving = serveRooms(namespace, {
    ...{ rooms, inboxes, tokens, devices, authenticate, gathered, metrics, log },
    before,
    perform: common.perform,
    connected: (socket) => events.emit("connected", clientOf(socket)),
    disconnected: (socket, reason) => events.emit("disconnected", { ...clientOf(socket), reason }),
    tokenOf: (request) => joint.tokenOf(request),
    end: (socket, why) => joint.end(socket, why),
    maxPendingCalls: limits.pendingCalls,
    callMemory: new CallMemory(MAX_CALL_BYTES_IN_ALL, MAX_CALL_BYTES),
    messageBytes: limits.messageBytes,
  });
  const maintenance = new Maintenance({
    ...{ store, rooms, inboxes, limiter, inboxAge, failed },
    tellCounts: () => delivery.tellCounts(),
    closeSlowReaders: () => void (metrics.slowReaders += closeSlowReaders(joint.connections())),
  });
  presence
    .restore(uptime() + presenceGrace)
    .catch((error: unknown) => failed(error, "presence was not restored"));

  const backend = createBackend({
    ...{ store, rooms, inboxes, settings, limiter, revoke, now, failed, perform: common.perform },
    sockets: () => namespace.sockets,
    end: (socket) => joint.end(socket),
    inTurn: (sid, work) => serving.inTurn(sid, work),
    events,
  });

  let isClosing = false;
  const { apiKeys: keys = NO_KEYS } = options;
  const api = createHttpApi({
    ...{ keys, authenticate, backend, now, log, gathered, messageBytes: limits.messageBytes },
    isClosing: () => isClosing,
  });
  const served = serveMetrics(
    { metrics, rooms, inboxes, users: tokens, store: store.stats },
    {
      guard: metricsGuard({ keys, authenticate, now }),
      onError: (error) => failed(error, "a request failed"),
    },
  );

  return {
    ...{ store, ownKey, authenticate, log, gathered, metrics, served, failed, backend, api },
    admin: createAdminHandler({
      ...{ authenticate, now },
      source: createAdminSource(store, rooms, revoke),
      clock: store.clock,
      onError: (error) => failed(error, "a request failed"),
    }),
    async close(sendAway) {
      isClosing = true;
      maintenance.stop();
      serving.refuseNew();
      await sendAway();
      await Promise.all([serving.settled(), api.settled()]);
      gathered.close();
    },
  };
}

/** Then the API answers whether the server lives and is ready, and nothing else. */
const NO_KEYS: ApiKeys = { all: () => [] };

const EVERYTHING: Policy = {
  rights: () => ({ join: true, publish: true, presence: true, history: true }),
  maySend: () => true,
};

const SILENT: HandlerLog = { debug: () => undefined, warn: () => undefined, error: () => undefined };
