/** A rooms server on an HTTP server of the caller's: Socket.IO, the bridge, the room API, and the demo if wanted. */
import type { IncomingMessage, Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import {
  addressGroup,
  attachBridge,
  closeWith,
  DEFAULT_PATH,
  GatheringWebSocketServer,
  RoomAdapter,
} from "@crossroom/bridge";
import type { Backend } from "./backend/backend.js";
import { createRequestJudge, hideRequestTokens, requestToken } from "./auth/request-token.js";
import { createAddressOf } from "./config/trust-proxy.js";
import { engineGuard } from "./connections/engine-guard.js";
import { logRefusals } from "./connections/log-refusals.js";
import type { RoomsIo } from "./connections/rooms-io.js";
import { createDemoSignIn } from "./demo/sign-in.js";
import { tapUpgrades } from "./demo/wire-tap/tap-upgrades.js";
import { WireTapStreams } from "./demo/wire-tap/wire-tap-streams.js";
import { WireTaps } from "./demo/wire-tap/wire-taps.js";
import { demoFiles, httpHandler } from "./http/http.js";
import { randomHex } from "./random-id.js";
import { isOriginAllowed, type RoomsServerOptions } from "./rooms-options.js";
import { createRoomsService, limitsOf } from "./rooms-service.js";

export interface RoomsServer extends Backend {
  readonly io: RoomsIo;
  /** Sends every client away; resolves when the HTTP server is closed as well, and the store is used no more. */
  close(): Promise<void>;
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
 * Puts a rooms server on `httpServer`, which the caller makes (http or https) and has listen. Requests that are neither
 * Socket.IO's nor the bridge's are answered too: with the demo, `/healthz`, `/admin/`, or 404.
 */
export function createRoomsServer(httpServer: HttpServer, options: RoomsServerOptions = {}): RoomsServer {
  const { allowedOrigins, demo = false, now = Date.now } = options;
  const addressOf = options.trustProxy === undefined ? undefined : createAddressOf(options.trustProxy);
  const { limits, rates } = limitsOf(options);
  const maxPayload = payloadOf(limits.messageBytes);

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
  const handler = httpHandler({
    bridgePath: options.bridge?.path ?? DEFAULT_PATH,
    admin,
    ...(api === undefined ? {} : { api }),
    ...(demo ? { demo: { files: demoFiles(), inspect, ...(takesGuests ? { signIn } : {}) } } : {}),
  });
  httpServer.on("request", handler);
  if (demo) tapUpgrades(httpServer, inspector, visitorOf, now);
  io.attach(httpServer);
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
  logRefusals(io, service.gathered, addressOf);
  // After all others have put their listeners there, to be the first of them.
  hideRequestTokens(httpServer);

  return {
    ...service.backend,
    io,
    close: () =>
      service.close(async () => {
        const closed = io.close();
        // A tick later, so that pages still see how their connections are closed. Until then no request ends.
        setImmediate(() => inspect.close());
        await closed;
      }),
  };
}
