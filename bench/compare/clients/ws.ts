/** A bare WebSocket, as an application would keep it: it comes back by itself, and with `resume` says since when it was away. */
import { WebSocket } from "ws";
import { browserHeaders } from "../browser-headers.js";
import { readMessage } from "../message.js";
import { backoff, type Open } from "./client.js";

export const open: Open = ({ port, settings: { resume = false }, onMessage }) => {
  let last: number | undefined;
  let attempt = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let socket: WebSocket;

  function connect(): void {
    const query = resume && last !== undefined ? `?since=${last}` : "";
    socket = new WebSocket(`ws://127.0.0.1:${port}/${query}`, {
      perMessageDeflate: false,
      headers: browserHeaders("upgrade", port),
    });
    socket.on("open", () => (attempt = 0));
    socket.on("message", (data: Buffer) => {
      const message = readMessage(data.toString());
      if (message.n > 0) last = message.n;
      onMessage(message);
    });
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => {
      if (!isClosed) timer = setTimeout(connect, backoff(attempt++));
    });
  }

  connect();
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    close() {
      isClosed = true;
      clearTimeout(timer);
      socket.terminate();
    },
  };
};
