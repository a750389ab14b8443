/** Server-sent events over HTTP/1.1. */
import { createServer, type ServerResponse } from "node:http";
import { listen } from "../../shared/listen.js";
import { HEARTBEAT, keepAlive, serve } from "../serve.js";
import { BEAT, event, GREETING, headers } from "./event-stream.js";
import { MessageLog, numberOf } from "./log.js";
import { queryOf, takePost } from "./posts.js";

const log = new MessageLog();
const streams = new Set<ServerResponse>();

const http = keepAlive(
  createServer((request, response) => {
    if (takePost(request, response)) return;
    response.writeHead(200, headers(queryOf(request).has("unbuffered")));
    const since = numberOf(request.headers["last-event-id"]?.toString());
    const missed = since === undefined ? [] : log.since(since);
    response.write(GREETING + missed.map(({ n, text }) => event(n, text)).join(""));
    const beat = setInterval(() => response.write(BEAT), HEARTBEAT);
    streams.add(response);
    response.on("close", () => {
      clearInterval(beat);
      streams.delete(response);
    });
  }),
);

serve({
  port: await listen(http),
  publish(message) {
    const text = event(message.n, log.add(message));
    for (const stream of streams) stream.write(text);
  },
});
