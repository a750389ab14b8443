/** Makes a socket of either client library, on a network that can be switched off. */
import type * as SocketIoClient from "socket.io-client";
import type { SocketLike } from "@crossroom/client/rooms";
import { serverPath } from "./base.js";
import type { Network } from "./network.js";

/** @param inspect the token by which the server's inspector finds this page's connections. */
export type OpenSocket = (network: Network, inspect: string) => Promise<SocketLike>;

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
  const { io, WebSocket: WebSocketTransport } = (await import(url)) as typeof SocketIoClient;
  class SwitchedTransport extends WebSocketTransport {
    override createSocket(uri: string, protocols?: string | string[]): unknown {
      return new network.WebSocket(uri, protocols);
    }
  }
  // WebSocket from the start, so that every packet is a frame that the inspector can show. Left to itself,
  // socket.io-client begins with HTTP long-polling and upgrades.
  return io({ ...options(inspect), path: serverPath("socket.io/"), transports: [SwitchedTransport] });
};

/** A socket over the bridge. */
export const bridge: OpenSocket = async (network, inspect) => {
  const { io } = await import("@crossroom/client");
  return io(location.origin, {
    ...options(inspect),
    path: serverPath("bridge"),
    WebSocket: network.WebSocket,
  });
};
