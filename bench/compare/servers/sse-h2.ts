/** Server-sent events over HTTP/2 in clear text. Browsers ask for TLS with it; here nothing has TLS. */
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { readMessage } from "../message.js";
import { HEARTBEAT, onReceived, serve } from "../serve.js";
import { BEAT, event, GREETING, headers } from "./event-stream.js";
import { MessageLog, numberOf } from "./log.js";

const log = new MessageLog();
const streams = new Set<ServerHttp2Stream>();

const server = createServer();
server.on("stream", (stream, asked) => {
  stream.on("error", () => stream.destroy());
  if (asked[":method"] === "POST") {
    let body = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => (body += text));
    stream.on("end", () => {
      onReceived(readMessage(body));
      stream.respond({ ":status": 204 }, { endStream: true });
    });
    return;
  }
  stream.respond({ ":status": 200, ...headers(false) });
  const since = numberOf(asked["last-event-id"]?.toString());
  const missed = since === undefined ? [] : log.since(since);
  stream.write(GREETING + missed.map(({ n, text }) => event(n, text)).join(""));
  const beat = setInterval(() => stream.write(BEAT), HEARTBEAT);
  streams.add(stream);
  stream.on("close", () => {
    clearInterval(beat);
    streams.delete(stream);
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));

serve({
  port: (server.address() as AddressInfo).port,
  publish(message) {
    const text = event(message.n, log.add(message));
    for (const stream of streams) stream.write(text);
  },
});
