/** A rooms server on an HTTP server of the caller's: Socket.IO, the bridge, the room API, and the demo if wanted. */
import type { IncomingMessage, Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import {
  addressGroup,
  attachBridge,
  bridgesOn,
  closeWith,
  DEFAULT_PATH,
  GatheringWebSocketServer,
  RoomAdapter,
} from "@crossroom/bridge";
import type { Backend } from "./backend/backend.js";
import { createRequestJudge, hideRequestTokens, requestToken } from "./auth/request-token.js";
import { createAddressOf } from "./config/trust-proxy.js";
import { engineGuard } from "./connections/engine-guard.js";
import { countRefusals } from "./connections/count-refusals.js";
import { logRefusals } from "./connections/log-refusals.js";
import type { RoomsIo } from "./connections/rooms-io.js";
import { createDemoSignIn } from "./demo/sign-in.js";
import { tapUpgrades } from "./demo/wire-tap/tap-upgrades.js";
import { WireTapStreams } from "./demo/wire-tap/wire-tap-streams.js";
import { WireTaps } from "./demo/wire-tap/wire-taps.js";
import { demoFiles, httpHandler, isOwnPath } from "./http/http.js";
import { OwnRequests } from "./http/own-requests.js";
import { randomHex } from "./random-id.js";
import { isOriginAllowed, type RoomsServerOptions } from "./rooms-options.js";
import { createRoomsService, limitsOf } from "./rooms-service.js";

export interface RoomsServer extends Backend {
  readonly io: RoomsIo;
  /** All metrics of this server and of its process, in Prometheus' text format; docs/metrics.md says what they are. */
  metrics(): Promise<string>;
  /** What HTTP has to say of them as `content-type`. */
  readonly metricsContentType: string;
  /**
   * Copies the store, with the server's own key where that lies in the data folder, into a folder that is empty or not there, while the server
   * goes on. Rejects with a StoreError: where nothing is kept, too.
   */
  backup(folder: string): Promise<void>;
  /**
   * Sends every client away, and leaves the HTTP server to its application; resolves when the store is used no more. With `http` the HTTP
   * server is closed too: it resolves when that is done, and so waits for clients that do not answer a close.
   */
  close(options?: CloseOptions): Promise<void>;
}

export interface CloseOptions {
  /** Whether to close the HTTP server. Default false. */
  http?: boolean;
}

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

/**
 * Puts a rooms server on `httpServer`, which the caller makes (http or https) and has listen. It answers requests for paths of its own alone:
 * Socket.IO's, the bridge's, `/crossroom/...`, `/healthz`, `/admin/inspect`, `/admin/revoke`, and the demo's pages if there is one. All
 * others are the application's, whether its listeners were there before or are added later; where it has none, they are answered with 404.
 *
 * @throws TypeError where an option is wrong, or the HTTP server has a rooms server, or a bridge at the same path, already.
 */
export function createRoomsServer(httpServer: HttpServer, options: RoomsServerOptions = {}): RoomsServer {
  const { allowedOrigins, demo = false, now = Date.now } = options;
  const addressOf = options.trustProxy === undefined ? undefined : createAddressOf(options.trustProxy);
  const { limits, rates } = limitsOf(options);
  const maxPayload = payloadOf(limits.messageBytes);
  const bridgePath = options.bridge?.path ?? DEFAULT_PATH;
  if (bridgesOn(httpServer).has(bridgePath)) {
    throw new TypeError(`this HTTP server has a bridge at ${bridgePath} already: see attachRooms`);
  }

  const io: RoomsIo = new Server({
    adapter: RoomAdapter,
    wsEngine: GatheringWebSocketServer,
    maxHttpBufferSize: maxPayload,
    cors: { origin: allowedOrigins === undefined ? "*" : [...allowedOrigins] },
    allowRequest: (request, done) => done(null, isOriginAllowed(request.headers.origin, allowedOrigins)),
    ...options.heartbeat,
  });
  const service = createRoomsService(
    {
      namespace: io.of("/"),
      connections: () => Object.values((io.engine as unknown as { clients: Record<string, object> }).clients),
      tokenOf: requestToken,
      end: (socket, why) => {
        if (why === undefined || !closeWith(socket, why)) socket.disconnect(true);
      },
    },
    options,
  );
  const { store, ownKey, authenticate, admin, api, failed } = service;

  // Before Socket.IO, which takes its own requests from the listeners that it finds.
  const onError = (error: unknown): void => failed(error, "a request failed");
  const inspector = new WireTaps();
  const visitorOf = (request: IncomingMessage): string =>
    addressGroup(addressOf?.(request) ?? request.socket.remoteAddress ?? "");
  const inspect = new WireTapStreams(inspector, visitorOf);
  const takesGuests = options.tokens?.guests !== false;
  const signIn = createDemoSignIn({ ownKey, now, clock: store.clock, randomHex, onError });
  const pages = demo ? { demo: { files: demoFiles(), inspect, ...(takesGuests ? { signIn } : {}) } } : {};
  const own = new OwnRequests(httpServer);
  own.on("request", httpHandler({ bridgePath, admin, api, metrics: service.served.handler, ...pages }));
  if (demo) tapUpgrades(own.asHttpServer, inspector, visitorOf, now);
  io.attach(own.asHttpServer);
  const judge = createRequestJudge(authenticate);
  io.engine.use(engineGuard({ judge, path: io.path(), onError }));
  const bridge = attachBridge(io, own.asHttpServer, {
    authenticate: judge,
    maxPayload,
    maxBytesPerSecond: Math.ceil(INFLOW * rates.bytesOfUser.perSecond),
    maxBytesPerSecondOfAddress: Math.ceil(INFLOW * rates.bytesOfAddress.perSecond),
    ...(addressOf === undefined ? {} : { addressOf }),
    ...options.bridge,
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
  });
  logRefusals(io, service.gathered, addressOf);
  countRefusals(io, service.metrics);
  // After all others have put their listeners there, to be the first of them.
  hideRequestTokens(own.asHttpServer);
  const isOfBridge = (path: string): boolean => path === bridgePath || path === `${bridgePath}/`;
  const isOfSocket = (path: string): boolean => isOfBridge(path) || path.startsWith(`${io.path()}/`);
  own.take({
    isForRequest: (path) => isOfSocket(path) || isOwnPath(path, pages),
    isForUpgrade: isOfSocket,
    bridge: bridgePath,
  });

  return {
    ...service.backend,
    ...service.served.exposed,
    backup: (folder) => store.backup(folder),
    io,
    close: ({ http = false } = {}) =>
      service.close(async () => {
        own.closesHost = http;
        const closed = io.close();
        bridge.close();
        // A tick later, so that pages still see how their connections are closed. Until then no request ends.
        setImmediate(() => inspect.close());
        await closed;
      }),
  };
}
