/** The heads of answers, and answers that are JSON (PROTOCOL.md, 12.9 and 12.21). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpError } from "./errors.js";

/** Proxies and browsers are neither to keep an answer, nor to change it or hold it up. */
const COMMON = {
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
} as const;

/** Writes the head; headers that are set on the response already go with it. */
export function writeHead(response: ServerResponse, status: number, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries({ ...COMMON, ...headers })) {
    if (name !== "Connection") response.setHeader(name, value);
  }
  if (headers["Connection"] === "close") closeAfter(response);
  response.writeHead(status);
}

/** Has the connection be closed after the answer. In HTTP/2 it is not this answer's alone. */
export function closeAfter(response: ServerResponse): void {
  if (response.req.httpVersionMajor === 1) response.setHeader("Connection", "close");
}

/** Nothing where the client has gone, or somebody else has answered. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  writeHead(response, status, {
    "Content-Type": "application/json",
    "Content-Length": String(bytes.length),
    ...headers,
  });
  response.end(bytes);
}

export function sendError(
  response: ServerResponse,
  { status, code, description }: HttpError,
  { message = description, ...more }: { message?: string; [field: string]: unknown } = {},
): void {
  sendJson(response, status, { error: { code, message, ...more } });
}

/** Has what the client still sends of a body go nowhere. */
export function ignoreBody(request: IncomingMessage): void {
  request.resume();
}
