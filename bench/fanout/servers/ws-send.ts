/** `ws` as most people use it: `client.send(string)` in a loop. */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { messageMaker, plainText } from "../message.js";
import { listen } from "../../shared/listen.js";
import { collectGarbage, frameBytesArgument, serve } from "../serve.js";

const http = createServer();
const wss = new WebSocketServer({ server: http });
const message = messageMaker("plain", frameBytesArgument());

serve({
  port: await listen(http),
  broadcast(n) {
    const text = plainText(message(n));
    for (const client of wss.clients) client.send(text);
  },
  collectGarbage,
});
