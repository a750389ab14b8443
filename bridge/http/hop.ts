/**
 * Hands a request on to the node that has its session, over HTTP, and its answer back as it comes: a stream cannot go another way.
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { sendError } from "./answers.js";
import { HTTP_ERRORS } from "./errors.js";

/** A request that was handed on has it, and is not handed on again. */
const HOP = "crossroom-hop";

/** Headers that are about one connection (RFC 9110, 7.6.1). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

export function isHandedOn(request: IncomingMessage): boolean {
  return request.headers[HOP] !== undefined;
}

/** @param peer Where the node is, as the application says: no part of a URL is a client's but the path that the bridge has. */
export function handOn(request: IncomingMessage, response: ServerResponse, peer: URL): void {
  const send = peer.protocol === "https:" ? httpsRequest : httpRequest;
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !OF_CONNECTION.has(name)),
  );
  const further = send(peer, { method: request.method ?? "GET", headers: { ...headers, [HOP]: "1" } });
  const fail = (): void => {
    sendError(response, HTTP_ERRORS.nodeUnreachable);
    // An answer that was cut is not to look whole.
    if (!response.writableEnded) response.destroy();
  };
  further.on("error", fail);
  further.on("response", (answer) => {
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined && !OF_CONNECTION.has(name)) response.setHeader(name, value);
    }
    response.writeHead(answer.statusCode ?? 502);
    response.flushHeaders();
    answer.on("error", fail);
    answer.pipe(response);
  });
  response.once("close", () => further.destroy());
  request.pipe(further);
}
