/** The room API on a Socket.IO server: who may come in, and what is done with each connection. */
import { admit, type AdmissionDeps } from "./admission.js";
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
  const { log } = deps;
  const connections = new Set<Promise<void>>();
  io.use((socket, next) => {
    void when(admit(socket, deps), next);
  });
  io.on("connection", (socket) => {
    const { data } = socket;
    log.debug({ sid: socket.id, user: data.identity.user, transport: transportOf(socket) }, "connected");
    const { user, name, guest, expiresAt } = data.identity;
    socket.emit("welcome", {
      ...{ user, name, sid: socket.id, device: data.device ?? socket.id, guest },
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(data.token === undefined ? {} : { token: data.token }),
      messageBytes: deps.messageBytes,
    });
    if (data.token !== undefined) {
      deps.tokens.renew(user, data.token, { sid: socket.id, device: data.device ?? socket.id });
    }
    const connection = new ClientConnection(io, socket, deps).serve();
    connections.add(connection);
    void connection.then(() => connections.delete(connection));
  });
  return async () => {
    await Promise.all(connections);
  };
}
