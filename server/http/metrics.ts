/** `GET /metrics`: what Prometheus scrapes, for those whom the guard lets in. */
import type { IncomingMessage } from "node:http";
import { answering, requireMethod, type HttpHandler } from "./http-json.js";

/** Throws an HttpError where the request may not be answered. */
export type Guard = (request: IncomingMessage) => Promise<void>;

export interface MetricsHandlerOptions {
  guard: Guard;
  /** The metrics as text. */
  metrics: () => Promise<string>;
  contentType: string;
  onError: (error: unknown) => void;
}

export function createMetricsHandler({
  guard,
  metrics,
  contentType,
  onError,
}: MetricsHandlerOptions): HttpHandler {
  return answering(async (request, response) => {
    requireMethod(request, "GET");
    await guard(request);
    const text = await metrics();
    response.writeHead(200, {
      "content-type": contentType,
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
    });
    response.end(text);
  }, onError);
}
