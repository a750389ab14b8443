/** Puts together what is counted, and how it is given: to the program, and over HTTP. */
import { createRequire } from "node:module";
import type { HttpHandler } from "./http/http-json.js";
import { createMetricsHandler, type MetricsHandlerOptions } from "./http/metrics.js";
import type { Sources } from "./metrics/declarations.js";
import { createExposition, METRICS_CONTENT_TYPE } from "./metrics/exposition.js";

const { version } = createRequire(import.meta.url)("crossroom/package.json") as { version: string };

export interface ServedMetrics {
  /** Of `RoomsServer`. */
  readonly exposed: { metrics: () => Promise<string>; metricsContentType: string };
  /** Answers `GET /metrics`. */
  readonly handler: HttpHandler;
}

export function serveMetrics(
  sources: Omit<Sources, "version">,
  options: Pick<MetricsHandlerOptions, "guard" | "onError">,
): ServedMetrics {
  const metrics = createExposition({ ...sources, version });
  const contentType = METRICS_CONTENT_TYPE;
  return {
    exposed: { metrics, metricsContentType: contentType },
    handler: createMetricsHandler({ ...options, metrics, contentType }),
  };
}
