/** Socket.IO's server and sockets, as the room API types them. */
import type { DefaultEventsMap, Namespace, Server, Socket } from "socket.io";
import type { ServerEvents, Transport } from "../api/types.js";
import type { CallName } from "../api/calls.js";

/** What clients really send: a name of ours, and anything at all as arguments. */
type Untrusted = { [E in CallName]: (...args: unknown[]) => void };

/** What `socket.data` shows of who connected. Admin pages and other nodes see it too: `identityOf` has the rest. */
export interface SocketData {
  user: string;
  name: string;
  guest: boolean;
  /** What the client named its device with. */
  device?: string;
}

/** The `io` of a rooms server, typed by events.ts. */
export type RoomsIo = Server<Untrusted, ServerEvents, DefaultEventsMap, SocketData>;
/** Where the clients of the rooms are: the whole `io`, or a namespace beside an application's own. */
export type RoomsNamespace = Namespace<Untrusted, ServerEvents, DefaultEventsMap, SocketData>;
export type RoomsSocket = Socket<Untrusted, ServerEvents, DefaultEventsMap, SocketData>;

export function transportOf({ conn }: RoomsSocket): Transport {
  const { name, carrier } = conn.transport as { name: string; carrier?: string };
  // Over HTTP it stays the same, though a client may change between a stream and polls.
  return name === "bridge" && carrier !== "websocket" ? "bridge-http" : (name as Transport);
}
