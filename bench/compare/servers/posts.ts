/** What clients send by `POST`, for the ways in which a server cannot be written to otherwise. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { readMessage } from "../message.js";
import { onReceived } from "../serve.js";

/** Says whether the request was one. */
export function takePost(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== "POST") return false;
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => (body += text));
  request.on("end", () => {
    onReceived(readMessage(body));
    response.writeHead(204).end();
  });
  return true;
}

export function queryOf(request: { url?: string | undefined }): URLSearchParams {
  return new URL(request.url ?? "/", "http://localhost").searchParams;
}
