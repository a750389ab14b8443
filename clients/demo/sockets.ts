/** Makes a socket of either client library, on a network that can be switched off. */
import type * as SocketIoClient from "socket.io-client";
import type { SocketLike } from "@crossroom/client/rooms";
import { serverPath } from "./base.js";
import type { Network } from "./network.js";

/** How the page reaches the server: the client's own choice, and its change. */
export type Way = "websocket" | "sse" | "polling";

export interface OpenedSocket {
  readonly socket: SocketLike;
  /** The way in use; undefined while there is none. */
  readonly way: () => Way | undefined;
}

/**
 * @param inspect the token by which the server's inspector finds this page's connections.
 * @param onWay told when the way may be another one.
 */
export type OpenSocket = (network: Network, inspect: string, onWay: () => void) => Promise<OpenedSocket>;

/** What both clients are told. */
const options = (inspect: string) => ({
  autoConnect: false,
  forceNew: true,
  query: { inspect },
  // Somebody is watching: shorter than an app would have it.
  reconnectionDelay: 300,
  reconnectionDelayMax: 1_500,
});

/** A Socket.IO socket, with the client that the server itself brings. */
export const socketIo: OpenSocket = async (network, inspect) => {
  const url = serverPath("socket.io/socket.io.esm.min.js");
  const { io, Fetch, WebSocket: WebSocketTransport } = (await import(url)) as typeof SocketIoClient;
  class SwitchedTransport extends WebSocketTransport {
    override createSocket(uri: string, protocols?: string | string[]): unknown {
      return new network.WebSocket(uri, protocols);
    }
  }
  class SwitchedPolling extends Fetch {
    override doOpen(): void {
      network.onLost(() => this.onError("there is no network", undefined));
      super.doOpen();
    }

    override doPoll(): void {
      this.#ifUp(() => super.doPoll());
    }

    override doWrite(data: string, callback: () => void): void {
      this.#ifUp(() => super.doWrite(data, callback));
    }

    /** Later, as a browser fails. */
    #ifUp(task: () => void): void {
      if (network.isUp) task();
      else setTimeout(() => this.onError("there is no network", undefined));
    }
  }
  // WebSocket first, so that every packet is a frame that the inspector can show. Left to itself, socket.io-client begins with HTTP
  // long-polling and upgrades.
  const transports = [SwitchedTransport, SwitchedPolling];
  const more = { path: serverPath("socket.io/"), transports, tryAllTransports: true, upgrade: false };
  const socket = io({ ...options(inspect), ...more });
  const wayOf = (name: string | undefined): Way | undefined =>
    name === "websocket" || name === "polling" ? name : undefined;
  return { socket, way: () => (socket.connected ? wayOf(socket.io.engine.transport.name) : undefined) };
};

/** A socket over the bridge. */
export const bridge: OpenSocket = async (network, inspect, onWay) => {
  const { io } = await import("@crossroom/client");
  const socket = io(location.origin, {
    ...options(inspect),
    path: serverPath("bridge"),
    WebSocket: network.WebSocket,
    fetch: network.fetch,
  });
  socket.io.on("transport", onWay);
  return { socket, way: () => socket.io.transport };
};
