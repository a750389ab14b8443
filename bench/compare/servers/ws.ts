/** `ws` with `client.send(string)` in a loop, a ping every 25 s, and a log for who says since when it was away. */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { listen } from "../../shared/listen.js";
import { makeMessage, readMessage } from "../message.js";
import { HEARTBEAT, onReceived, serve } from "../serve.js";
import { MessageLog, numberOf } from "./log.js";
import { queryOf } from "./posts.js";

const log = new MessageLog();
const http = createServer();
const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
wss.on("connection", (socket, request) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data: Buffer) => onReceived(readMessage(data.toString())));
  socket.send(JSON.stringify(makeMessage(0)));
  const since = numberOf(queryOf(request).get("since"));
  if (since !== undefined) for (const { text } of log.since(since)) socket.send(text);
  const beat = setInterval(() => socket.ping(), HEARTBEAT);
  socket.on("close", () => clearInterval(beat));
});

serve({
  port: await listen(http),
  publish(message) {
    const text = log.add(message);
    for (const client of wss.clients) client.send(text);
  },
});
