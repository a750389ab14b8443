/** The metrics as Prometheus reads them. */
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  prometheusContentType,
  Registry,
  type MetricType,
} from "prom-client";
import { DECLARATIONS, type Declaration, type Sources } from "./declarations.js";

/** What is said of the metrics as HTTP's `content-type`. */
export const METRICS_CONTENT_TYPE: string = prometheusContentType;

/**
 * Of prom-client's own: gauges that have names of counters, and labels of no closed set; and the least delay of the event loop, which says
 * nothing, and is 292 years as long as there was none.
 */
const LEFT_OUT = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
  "nodejs_eventloop_lag_min_seconds",
];

type Of<Type extends Declaration["type"]> = Extract<Declaration, { type: Type }>;

/** prom-client's own histograms count by themselves; this one gives what was counted elsewhere. */
class ReadHistogram extends Gauge {
  readonly #declaration: Of<"histogram">;
  readonly #sources: Sources;

  constructor(declaration: Of<"histogram">, sources: Sources, registry: Registry) {
    const { name, help } = declaration;
    super({ name, help, registers: [registry] });
    this.#declaration = declaration;
    this.#sources = sources;
  }

  override async get(): ReturnType<Gauge["get"]> {
    const { name, read } = this.#declaration;
    const values = read(this.#sources).flatMap(([labels, { buckets, count, sum }]) => [
      ...[...buckets, ["+Inf", count] as const].map(([le, value]) => ({
        metricName: `${name}_bucket`,
        labels: { ...labels, le },
        value,
      })),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]);
    // The types say that it is a number; it is a text, and becomes the line of the type (prom-client 15.1, Registry.getMetricsAsString).
    const type = "histogram" as unknown as MetricType;
    return { ...(await super.get()), type, values };
  }
}

function register(declaration: Declaration, sources: Sources, registry: Registry): void {
  if (declaration.type === "histogram") {
    new ReadHistogram(declaration, sources, registry);
    return;
  }
  const { name, help, labels: labelNames, read } = declaration;
  const config = { name, help, labelNames, registers: [registry] };
  if (declaration.type === "gauge") {
    new Gauge({
      ...config,
      collect() {
        for (const [labels, value] of read(sources)) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...config,
      collect() {
        this.reset();
        for (const [labels, value] of read(sources)) this.inc(labels, value);
      },
    });
  }
}

/** Of the process, once however many servers it has: what watches the event loop and the garbage collector is never stopped. */
let processRegistry: Registry | undefined;

function processMetrics(): Promise<string> {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
    for (const name of LEFT_OUT) processRegistry.removeSingleMetric(name);
  }
  return processRegistry.metrics();
}

/** @returns What gives all metrics of a server and of its process, in Prometheus' text format 0.0.4. Until it is asked, nothing is watched. */
export function createExposition(sources: Sources): () => Promise<string> {
  const registry = new Registry();
  for (const declaration of DECLARATIONS) {
    const isOfStore = declaration.name.startsWith("crossroom_store_");
    if (!isOfStore || sources.store !== undefined) register(declaration, sources, registry);
  }
  return async () => `${await registry.metrics()}\n${await processMetrics()}`;
}
