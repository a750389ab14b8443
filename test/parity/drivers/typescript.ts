/** The plain client of this project: the API of socket.io-client, on the bridge. */
import type { Manager as TheirManager } from "socket.io-client";
import { WebSocket, type ClientOptions } from "ws";
import { Manager } from "../../../clients/typescript/src/index.js";
import type { Driver } from "./driver.js";
import { ApiClient } from "./socket-io-api.js";

export const typescript: Driver = {
  name: "clients/typescript",
  transport: "bridge",
  carrier: "websocket",
  open({ url, bridgePath, query, headers, ca }) {
    let current: WebSocket | undefined;
    class Kept extends WebSocket {
      constructor(address: string, protocols?: string | string[], options?: ClientOptions) {
        super(address, protocols ?? [], { ...options, ...(ca !== undefined && { ca }) });
        // eslint-disable-next-line @typescript-eslint/no-this-alias -- the one way to the client's WebSocket
        current = this;
      }
    }
    const manager = new Manager(url, {
      path: bridgePath,
      autoConnect: false,
      reconnection: false,
      WebSocket: Kept,
      ...(query && { query: { ...query } }),
      ...(headers && { extraHeaders: headers }),
    });
    // The declared types differ in places (docs/typescript-client.md); this is about what happens.
    return new ApiClient(manager as unknown as TheirManager, () => current);
  },
};
