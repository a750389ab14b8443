/** The rooms beside an application's own Socket.IO: in a namespace that is theirs alone. */
import type { Server as HttpServer } from "node:http";
import type { Server } from "socket.io";
import { attachBridge, bridgesOn, DEFAULT_PATH, RoomAdapter } from "@crossroom/bridge";
import { apiError } from "./api/errors.js";
import { createAddressOf } from "./config/trust-proxy.js";
import { refusal } from "./connections/admission.js";
import type { RoomsIo, RoomsNamespace } from "./connections/rooms-io.js";
import { httpHandler, isOwnPath } from "./http/http.js";
import { OwnRequests } from "./http/own-requests.js";
import { isOriginAllowed, type RoomsServerOptions } from "./rooms-options.js";
import type { RoomsServer } from "./rooms-server.js";
import { createRoomsService } from "./rooms-service.js";

/** What is set where the application makes its `io` is not among them. */
export interface AttachRoomsOptions extends Omit<RoomsServerOptions, "demo" | "heartbeat"> {
  /** The rooms' namespace: clients connect to `https://host/crossroom`. Default `/crossroom`; the main one, `/`, cannot be it. */
  namespace?: string;
}

/** A rooms server on an `io` that is the application's own. */
export type AttachedRooms = Omit<RoomsServer, "io">;

const DEFAULT_NAMESPACE = "/crossroom";

/** What only its types hide of a namespace (socket.io 4.8). */
interface NamespaceInsides {
  adapter: RoomsNamespace["adapter"];
  _initAdapter: () => void;
}

/**
 * Adds the rooms to an `io` that is there, in a namespace of their own: the application's sockets are not judged by the rooms' tokens, its
 * middlewares, handlers and broadcasts do not meet the rooms' clients, and its adapter does not carry the rooms' messages.
 * Clients show their token as `auth.token`; the request that opens a connection, and what its headers say, are the application's.
 *
 * A bridge is attached as well, unless `httpServer` has one for this `io`: the application's own namespaces are open to plain clients then.
 * On the HTTP server it answers `/crossroom/...`, `/healthz`, `/admin/inspect` and `/admin/revoke`, and leaves all else alone.
 *
 * @param httpServer The one that `io` is attached to.
 * @throws TypeError where an option is wrong, the namespace is in use, or the HTTP server has a rooms server already.
 */
export function attachRooms<L extends object, E extends object, S extends object, D>(
  io: Server<L, E, S, D>,
  httpServer: HttpServer,
  options: AttachRoomsOptions = {},
): AttachedRooms {
  const { allowedOrigins } = options;
  const own = new OwnRequests(httpServer);
  const name = options.namespace ?? DEFAULT_NAMESPACE;
  const namespace = ownNamespace(io as unknown as RoomsIo, name);
  const addressOf = options.trustProxy === undefined ? undefined : createAddressOf(options.trustProxy);
  const isOfIo = (one: unknown): boolean => one === io;
  const bridge = [...bridgesOn(httpServer).values()].some(isOfIo)
    ? undefined
    : attachBridge(io, httpServer, {
        // The application's own clients are let in as before.
        limitSocketIO: false,
        ...(addressOf === undefined ? {} : { addressOf }),
        ...options.bridge,
        ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
      });
  namespace.use(({ handshake }, next) => {
    const isAllowed = isOriginAllowed(handshake.headers.origin, allowedOrigins);
    next(isAllowed ? undefined : refusal(apiError("forbidden", "Pages of this origin may not connect.")));
  });
  const service = createRoomsService(
    {
      namespace,
      connections: () => [...namespace.sockets.values()].map(({ conn }) => conn),
      tokenOf: () => undefined,
      // Its connection may have sockets of the application's.
      end: (socket) => socket.disconnect(),
    },
    options,
  );
  const bridgePath = options.bridge?.path ?? DEFAULT_PATH;
  const { admin, api } = service;
  own.on("request", httpHandler({ bridgePath, admin, api, metrics: service.served.handler }));
  own.take({
    isForRequest: (path) => isOwnPath(path, {}),
    isForUpgrade: () => false,
    bridge: bridgePath,
  });
  return {
    ...service.backend,
    ...service.served.exposed,
    backup: (folder) => service.store.backup(folder),
    close: ({ http = false } = {}) =>
      service.close(async () => {
        namespace.disconnectSockets();
        bridge?.close();
        release(namespace);
        own.closesHost = http;
        await new Promise<void>((resolve) => own.close(() => resolve()));
      }),
  };
}

/**
 * Makes the namespace. Its adapter is one of memory: the application's may carry broadcasts to other processes, where the rooms have other
 * logs, or recover sessions past the middlewares, with tokens that were revoked meanwhile.
 */
function ownNamespace(io: RoomsIo, name: string): RoomsNamespace {
  if (!/^\/[^?]+$/.test(name)) {
    throw new TypeError('attachRooms: the option "namespace" must begin with / and be another one than /');
  }
  const namespace = io.of(name);
  if (namespace.listenerCount("connection") > 0 || namespace.sockets.size > 0) {
    throw new TypeError(`attachRooms: the namespace ${name} is in use. Set the option "namespace".`);
  }
  const insides = namespace as unknown as NamespaceInsides;
  void namespace.adapter.close();
  insides.adapter = new RoomAdapter(namespace, { withoutSessions: true });
  // Called by `io.adapter(...)`, for each namespace.
  insides._initAdapter = () => undefined;
  return namespace;
}

/** As Socket.IO does it with a child namespace that is empty: who connects to it is told that there is none (socket.io 4.8). */
function release(namespace: RoomsNamespace): void {
  (namespace.server as unknown as { _nsps: Map<string, unknown> })._nsps.delete(namespace.name);
}
