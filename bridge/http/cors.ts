/** Cross-Origin Resource Sharing, as the Fetch standard has it, for pages of other origins (PROTOCOL.md, 12.20). */
import type { IncomingMessage, ServerResponse } from "node:http";

export const METHODS = "GET, POST, DELETE, OPTIONS";

/** Seconds for which a browser need not ask again: the most that Chrome takes. */
const MAX_AGE = 7_200;

/**
 * Lets the page read the answer. What a middleware of the application's has set stays. To be called for origins that are allowed.
 * @param isNamed Whether the application names its origins: only then a page may come with cookies.
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, isNamed: boolean): void {
  const { origin } = request.headers;
  addVary(response, "Origin");
  if (origin === undefined || response.hasHeader("Access-Control-Allow-Origin")) return;
  response.setHeader("Access-Control-Allow-Origin", isNamed ? origin : "*");
  response.setHeader("Access-Control-Expose-Headers", "Retry-After");
  if (isNamed) response.setHeader("Access-Control-Allow-Credentials", "true");
}

/** Answers what a browser asks before it sends a request with headers of ours. */
export function answerPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Access-Control-Allow-Methods", METHODS);
  // Those of the application's own, `Authorization` say, reach its hooks at the opening.
  const wanted = request.headers["access-control-request-headers"];
  if (wanted !== undefined) response.setHeader("Access-Control-Allow-Headers", wanted);
  addVary(response, "Access-Control-Request-Headers");
  response.setHeader("Access-Control-Max-Age", String(MAX_AGE));
  response.setHeader("Cache-Control", "no-store");
  response.writeHead(204, { "Content-Length": "0" }).end();
}

function addVary(response: ServerResponse, name: string): void {
  const former = [response.getHeader("Vary") ?? []].flat().join(", ");
  if (former.toLowerCase().split(/, */).includes(name.toLowerCase())) return;
  response.setHeader("Vary", former === "" ? name : `${former}, ${name}`);
}
