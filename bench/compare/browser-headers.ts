/**
 * What a browser sends with each kind of request, recorded once from Chromium 156 at a page of the same origin, with no cookies. Left
 * out is what whoever makes the request sends by itself: Host, Connection, lengths, the WebSocket's own. Compression is offered, as
 * browsers do; no server takes it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type RequestKind = "get" | "post" | "eventSource" | "upgrade";

const RECORDED = JSON.parse(
  readFileSync(
    // dist/bench/compare/ has no JSON: the recording stays beside its source.
    join(import.meta.dirname, "..", "..", "..", "bench", "compare", "browser-headers.json"),
    "utf8",
  ),
) as Record<RequestKind, [name: string, value: string][]>;

/** @param port on 127.0.0.1, of the page and of what it asks. */
export function browserHeaders(kind: RequestKind, port: number): Record<string, string> {
  const origin = `http://127.0.0.1:${port}`;
  return Object.fromEntries(RECORDED[kind].map(([name, value]) => [name, value.replace("{origin}", origin)]));
}
