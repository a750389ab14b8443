/** The part of a socket that the page uses: socket.io-client's and the plain client's are the same in it. */
import type * as SocketIoClient from "socket.io-client";
import type { ClientEvents, ServerEvents } from "../../server/events.js";

interface OwnEvents {
  connect(): void;
  disconnect(reason: string): void;
  connect_error(error: Error): void;
}

type Heard = OwnEvents & ServerEvents;

export interface RoomSocket {
  readonly connected: boolean;
  /** Whether it will connect again by itself. */
  readonly active: boolean;
  connect(): void;
  disconnect(): void;
  on<E extends keyof Heard>(event: E, listener: Heard[E]): void;
  emit<E extends keyof ClientEvents>(event: E, ...args: Parameters<ClientEvents[E]>): void;
}

/** What is asked of either library; their types are too different to be used as one. */
interface AnySocket {
  readonly connected: boolean;
  readonly active: boolean;
  connect(): unknown;
  disconnect(): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
}

export function asRoomSocket(socket: AnySocket): RoomSocket {
  return {
    get connected() {
      return socket.connected;
    },
    get active() {
      return socket.active;
    },
    connect: () => void socket.connect(),
    disconnect: () => void socket.disconnect(),
    on: (event, listener) => void socket.on(event, listener),
    emit: (event, ...args) => void socket.emit(event, ...args),
  };
}

/** What both clients are told. The query string is how the server's inspector finds this page's connections. */
function options(name: () => string, token: string) {
  return {
    autoConnect: false,
    // Asked again at each reconnect, so that a new name is taken up.
    auth: (done: (auth: Record<string, unknown>) => void) => done({ name: name() }),
    query: { inspect: token },
    reconnectionDelay: 500,
    reconnectionDelayMax: 2_000,
  };
}

/** A Socket.IO socket, with the client that the server itself brings. */
export async function socketIo(name: () => string, token: string): Promise<RoomSocket> {
  const url = "/socket.io/socket.io.esm.min.js";
  const { io } = (await import(url)) as typeof SocketIoClient;
  // WebSocket from the start, so that every packet is a frame that the inspector can show. Left to itself,
  // socket.io-client begins with HTTP long-polling and upgrades.
  return asRoomSocket(io({ ...options(name, token), transports: ["websocket"] }));
}

/** A socket over the bridge. */
export async function bridge(name: () => string, token: string): Promise<RoomSocket> {
  const { io } = await import("../typescript/index.js");
  return asRoomSocket(io(location.origin, options(name, token)));
}
