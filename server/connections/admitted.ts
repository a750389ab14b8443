/**
 * What is known of a socket that was let in. It is kept beside the socket: `socket.data` goes to whoever asks for sockets, such as admin pages
 * and other nodes, and no token and no claim may be in there.
 */
import type { Identity } from "../rooms/identity.js";
import type { RoomsSocket } from "./rooms-io.js";

export interface Admitted {
  readonly identity: Identity;
  /** What the client named its device with. */
  readonly device?: string;
  /** For the welcome of a guest. */
  readonly token?: string;
}

const known = new WeakMap<RoomsSocket, Admitted>();

/** Keeps it, in place of what was kept before, and has `socket.data` show what may be shown. */
export function keepAdmitted(socket: RoomsSocket, admitted: Admitted): void {
  known.set(socket, admitted);
  const { identity, device } = admitted;
  const { user, name, guest } = identity;
  Object.assign(socket.data, { user, name, guest, ...(device === undefined ? {} : { device }) });
}

/** Of a socket whose connection the server has begun to serve. */
export function admittedOf(socket: RoomsSocket): Admitted {
  const admitted = known.get(socket);
  if (admitted === undefined) throw new Error(`the socket ${socket.id} was not let in`);
  return admitted;
}

/**
 * Who a socket of a rooms server was let in as, with all claims of its token; a `refresh` may change it. Undefined before it is let in, and
 * for sockets of other namespaces and of other servers.
 */
export function identityOf(socket: RoomsSocket): Identity | undefined {
  return known.get(socket)?.identity;
}
