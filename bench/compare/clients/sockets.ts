/** Sockets of the two libraries with one API, each with a connection of its own and a browser's headers. */
import { Agent } from "node:http";
import { io as ioBridge } from "@crossroom/client";
import { io as ioSocketIo } from "socket.io-client";
import { WebSocket } from "ws";
import { browserHeaders } from "../browser-headers.js";
import type { ClientSettings } from "./client.js";

export function socketIoSocket(port: number, { transports }: ClientSettings) {
  return ioSocketIo(`http://127.0.0.1:${port}`, {
    forceNew: true,
    ...(transports === undefined ? {} : { transports }),
    transportOptions: {
      // In Node it would open a connection for each request; a browser keeps them.
      polling: { extraHeaders: browserHeaders("get", port), agent: new Agent({ keepAlive: true }) },
      websocket: { extraHeaders: browserHeaders("upgrade", port), perMessageDeflate: false },
    },
  });
}

export function bridgeSocket(port: number) {
  return ioBridge(`http://127.0.0.1:${port}`, {
    forceNew: true,
    WebSocket,
    extraHeaders: browserHeaders("upgrade", port),
  });
}
