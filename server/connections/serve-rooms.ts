/** The room API on a namespace of Socket.IO's: who may come in, and what is done with each connection. */
import { apiError } from "../api/errors.js";
import { admit, refusal, type AdmissionDeps } from "./admission.js";
import { admittedOf } from "./admitted.js";
import { when } from "../auth/when.js";
import { ClientConnection, type ConnectionDeps } from "./client-connection.js";
import { transportOf, type RoomsNamespace } from "./rooms-io.js";

export interface HandlerDeps extends AdmissionDeps, ConnectionDeps {
  /** What `welcome` tells. */
  messageBytes: number;
}

interface Serviced {
  readonly connection: ClientConnection;
  readonly over: Promise<void>;
}

export interface Serving {
  /** Does something between the calls of a connection; undefined where that is not there, or is going. */
  inTurn<Result>(sid: string, work: () => Promise<Result>): Promise<Result | undefined>;
  /** Lets nobody in from now on. */
  refuseNew(): void;
  /** Resolves when everything is done that clients who have gone by then leave to do. */
  settled(): Promise<void>;
}

/**
 * Serves the room API on a namespace, from now on and for as long as it lives.
 */
export function serveRooms(namespace: RoomsNamespace, deps: HandlerDeps): Serving {
  const { log, metrics } = deps;
  const connections = new Map<string, Serviced>();
  let isClosing = false;
  namespace.use((socket, next) => {
    // Asked again when the client has been judged: that may take as long as the store does.
    void when(admit(socket, deps), (error) => {
      const refused = isClosing ? refusal(apiError("unavailable")) : error;
      if (refused !== undefined) metrics.connect(transportOf(socket), refused.data.code);
      next(refused);
    });
  });
  namespace.on("connection", (socket) => {
    const { identity, device = socket.id, token } = admittedOf(socket);
    const { user, name, guest, expiresAt } = identity;
    metrics.connect(transportOf(socket));
    log.debug({ sid: socket.id, user, transport: transportOf(socket) }, "connected");
    socket.emit("welcome", {
      ...{ user, name, sid: socket.id, device, guest },
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(token === undefined ? {} : { token }),
      messageBytes: deps.messageBytes,
    });
    if (token !== undefined) deps.tokens.renew(user, token, { sid: socket.id, device });
    const connection = new ClientConnection(namespace, socket, deps);
    const over = connection.serve();
    connections.set(socket.id, { connection, over });
    deps.connected(socket);
    void over.then(() => connections.delete(socket.id));
  });
  return {
    inTurn: async (sid, work) => connections.get(sid)?.connection.inTurn(work),
    refuseNew: () => void (isClosing = true),
    async settled() {
      await Promise.all([...connections.values()].map(({ over }) => over));
    },
  };
}
