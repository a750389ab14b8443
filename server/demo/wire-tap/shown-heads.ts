/**
 * What a page may see of a connection's HTTP heads: the handshake, and nothing else that a browser or a proxy put there. A
 * cookie may be `HttpOnly`, and an address that a proxy added is nobody's business on a page.
 */
import type { IncomingMessage } from "node:http";

/** What RFC 6455 (4.1, 4.2.2) and RFC 9110 make of a handshake or its refusal, in lower case. */
const HANDSHAKE: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "host",
  "origin",
  "retry-after",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
  "upgrade",
]);

/** A head as it is shown, and how many of its headers are not. */
export interface ShownHead {
  text: string;
  hidden: number;
}

/** The head of a request, rebuilt: Node keeps its parts in order and in their own letter case. */
export function shownRequest({ method = "", url = "", httpVersion, rawHeaders }: IncomingMessage): ShownHead {
  const lines: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    lines.push(`${rawHeaders[i] ?? ""}: ${rawHeaders[i + 1] ?? ""}`);
  }
  return shown(`${method} ${url} HTTP/${httpVersion}`, lines);
}

/** The head of an answer, from its bytes on the wire, the empty line included. */
export function shownResponse(head: string): ShownHead {
  const [status = "", ...lines] = head.trimEnd().split("\r\n");
  return shown(status, lines);
}

/**
 * Whether a request is no other site's doing. Browsers name the page's origin at each WebSocket handshake and in each request to
 * another site (Fetch, "append a request Origin header"); what sends no Origin is not a browser, and has nobody's cookies.
 */
export function isSameOrigin({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function shown(first: string, headers: readonly string[]): ShownHead {
  const kept = headers.filter((line) => HANDSHAKE.has(line.split(":", 1)[0]?.toLowerCase() ?? ""));
  return { text: `${[first, ...kept].join("\r\n")}\r\n\r\n`, hidden: headers.length - kept.length };
}
