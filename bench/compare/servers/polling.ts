/** Polling: what is new since a number, at once; or, with `wait`, when there is something (long polling). */
import { createServer, type ServerResponse } from "node:http";
import { listen } from "../../shared/listen.js";
import { makeMessage } from "../message.js";
import { HEARTBEAT, keepAlive, serve } from "../serve.js";
import { MessageLog, numberOf } from "./log.js";
import { queryOf, takePost } from "./posts.js";

const log = new MessageLog();
/** Of the long polls that wait. */
const waiting = new Map<ServerResponse, NodeJS.Timeout>();

const http = keepAlive(
  createServer((request, response) => {
    if (takePost(request, response)) return;
    const query = queryOf(request);
    const since = numberOf(query.get("since"));
    if (since === undefined) {
      answer(response, [JSON.stringify(makeMessage(0))], log.last);
    } else if (log.last > since || !query.has("wait")) {
      answer(
        response,
        log.since(since).map(({ text }) => text),
        log.last,
      );
    } else {
      const timer = setTimeout(() => {
        waiting.delete(response);
        answer(response, [], log.last);
      }, HEARTBEAT);
      waiting.set(response, timer);
      response.on("close", () => {
        clearTimeout(timer);
        waiting.delete(response);
      });
    }
  }),
);

function answer(response: ServerResponse, texts: readonly string[], next: number): void {
  const body = `{"next":${next},"messages":[${texts.join(",")}]}`;
  response
    .writeHead(200, {
      "content-type": "application/json",
      "content-length": body.length,
      "cache-control": "no-store",
    })
    .end(body);
}

serve({
  port: await listen(http),
  publish(message) {
    const texts = [log.add(message)];
    for (const [response, timer] of waiting) {
      clearTimeout(timer);
      answer(response, texts, log.last);
    }
    waiting.clear();
  },
});
