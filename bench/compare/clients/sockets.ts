/** Sockets of the two libraries with one API, each with a connection of its own and a browser's headers. */
import { io as ioBridge } from "@crossroom/client";
import { NodeWebSocket } from "engine.io-client";
import { io as ioSocketIo } from "socket.io-client";
import { WebSocket } from "ws";
import { browserHeaders } from "../browser-headers.js";
import { BrowserPolling } from "./browser-polling.js";
import type { ClientSettings } from "./client.js";

const TRANSPORTS = { polling: BrowserPolling, websocket: NodeWebSocket } as const;

/** As it comes: polling first, then WebSocket. */
export function socketIoSocket(port: number, { transports = ["polling", "websocket"] }: ClientSettings) {
  return ioSocketIo(`http://127.0.0.1:${port}`, {
    forceNew: true,
    transports: transports.map((name) => TRANSPORTS[name]),
    transportOptions: {
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
