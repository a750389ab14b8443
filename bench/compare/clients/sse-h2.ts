/** Server-sent events over HTTP/2; what is sent goes over the same connection. */
import { type ClientHttp2Session, connect } from "node:http2";
import { browserHeaders, type RequestKind } from "../browser-headers.js";
import type { Open } from "./client.js";
import { EventReader, RECONNECT } from "./event-source.js";

export const open: Open = ({ port, settings: { resume = true }, onMessage }) => {
  const events = new EventReader(onMessage);
  let isClosed = false;
  const isOpen = () => !isClosed;
  let session: ClientHttp2Session | undefined;

  /** Resolves when the connection has ended, whichever way. */
  function read(): Promise<void> {
    return new Promise((resolve) => {
      const opened = connect(`http://127.0.0.1:${port}`);
      session = opened;
      opened.on("error", () => opened.destroy());
      opened.once("close", () => resolve());
      const last: Record<string, string> =
        resume && events.lastId !== undefined ? { "last-event-id": events.lastId } : {};
      const stream = opened.request({ ":path": "/events", ...lowered("eventSource", port), ...last });
      stream.on("error", () => opened.destroy());
      stream.on("end", () => opened.destroy());
      stream.setEncoding("utf8");
      events.begin();
      stream.on("data", (text: string) => events.push(text));
    });
  }

  async function run(): Promise<void> {
    while (isOpen()) {
      await read();
      if (isOpen()) await new Promise((resolve) => setTimeout(resolve, RECONNECT));
    }
  }

  void run();
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (session === undefined) return reject(new Error("not connected"));
        const body = JSON.stringify(message);
        const headers = { ...lowered("post", port), "content-length": body.length };
        const stream = session.request({ ":path": "/messages", ":method": "POST", ...headers });
        stream.once("error", reject);
        stream.once("close", resolve);
        stream.resume();
        stream.end(body);
      }),
    close() {
      isClosed = true;
      session?.destroy();
    },
  };
};

/** Names of HTTP/2 are in lower case (RFC 9113, 8.2.1). */
function lowered(kind: RequestKind, port: number): Record<string, string> {
  const entries = Object.entries(browserHeaders(kind, port));
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}
