/** The room API on a Socket.IO server: who may come in, and what is done with each connection. */
import { admit, type AdmissionDeps } from "./admission.js";
import { admittedOf } from "./admitted.js";
import { when } from "../auth/when.js";
import { ClientConnection, type ConnectionDeps } from "./client-connection.js";
import { transportOf, type RoomsIo } from "./rooms-io.js";

export interface HandlerDeps extends AdmissionDeps, ConnectionDeps {
  /** What `welcome` tells. */
  messageBytes: number;
}

/**
 * Serves the room API on `io`, from now on and for as long as it lives.
 * @returns What resolves when everything is done that clients who have gone by then leave to do.
 */
export function serveRooms(io: RoomsIo, deps: HandlerDeps): () => Promise<void> {
  const { log, metrics } = deps;
  const connections = new Set<Promise<void>>();
  io.use((socket, next) => {
    void when(admit(socket, deps), (error) => {
      if (error !== undefined) metrics.connect(transportOf(socket), error.data.code);
      next(error);
    });
  });
  io.on("connection", (socket) => {
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
    const connection = new ClientConnection(io, socket, deps).serve();
    connections.add(connection);
    void connection.then(() => connections.delete(connection));
  });
  return async () => {
    await Promise.all(connections);
  };
}
