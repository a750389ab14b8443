/** The measure of all: socket.io-client, over its WebSocket transport. */
import { Manager, type ManagerOptions } from "socket.io-client";
import type { WebSocket } from "ws";
import type { Driver } from "./driver.js";
import { ApiClient } from "./socket-io-api.js";

/** Where engine.io-client 6.6 keeps the WebSocket of `ws`. */
interface Insides {
  readonly engine?: { readonly transport: { readonly ws: WebSocket | null | undefined } };
}

export const socketIO: Driver = {
  name: "socket.io-client",
  transport: "websocket",
  carrier: "websocket",
  open({ url, query, headers, ca, parser }) {
    const options: Partial<ManagerOptions> = {
      transports: ["websocket"],
      autoConnect: false,
      reconnection: false,
      ...(query && { query: { ...query } }),
      ...(headers && { extraHeaders: { ...headers } }),
      ...(ca !== undefined && { ca }),
      ...(parser !== undefined && { parser }),
    };
    const manager = new Manager(url, options);
    return new ApiClient(manager, () => (manager as unknown as Insides).engine?.transport.ws);
  },
};
