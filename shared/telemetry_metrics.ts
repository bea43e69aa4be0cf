/**
 * Numbers for Prometheus. Each is declared once, in the catalogue of its process, with all that its page says of it; the
 * rest of the code adds to it, or is asked for it when somebody looks.
 */
import type { Attributes, Observable } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";

/** What a metric is, as documents and dashboards know it. */
export interface Metric {
  /** The name by the conventions of OpenTelemetry. */
  readonly name: string;
  /** `s`, `By`, `1` for a share; what is counted stands in braces. */
  readonly unit: string;
  /** A phrase for people. */
  readonly about: string;
  /** The attributes that its values may have. Each has few values: never what a user has chosen. */
  readonly attributes?: readonly string[];
}

/** A metric, and what kind it is. */
export interface DeclaredMetric extends Metric {
  readonly kind: "counter" | "gauge" | "histogram";
}

/** A metric that is asked for its values. */
export interface Observed extends DeclaredMetric {
  readonly instrument: Observable;
}

/** Takes a value of a metric that is asked. */
export type Tell = (metric: Observed, value: number, attributes?: Attributes) => void;

/** Bounds of histograms in seconds: of what takes a disk or a network some time, and of whole requests. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SUFFIXES: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes", "1": "_ratio" };

/** The media type of `metricsText`. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

class PullReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

const reader = new PullReader();
const meter = new MeterProvider({ readers: [reader] }).getMeter("sixfold");
const declared: DeclaredMetric[] = [];

function declare<T extends Metric>(metric: T, kind: DeclaredMetric["kind"]): T & DeclaredMetric {
  const known = { ...metric, kind };
  declared.push(known);
  return known;
}

/**
 * A number that only grows.
 * @param zeros the attributes of values that are there from the start, so that a first event is seen as a change
 * @returns adds to it
 */
export function counter(
  metric: Metric,
  zeros: readonly Attributes[] = metric.attributes === undefined ? [{}] : [],
): (value: number, attributes?: Attributes) => void {
  declare(metric, "counter");
  const instrument = meter.createCounter(metric.name, { description: metric.about, unit: metric.unit });
  for (const attributes of zeros) instrument.add(0, attributes);
  return (value, attributes) => instrument.add(value, attributes);
}

/** How values are distributed. @returns takes one, in seconds */
export function histogram(metric: Metric): (seconds: number, attributes?: Attributes) => void {
  declare(metric, "histogram");
  const { about: description, unit } = metric;
  const instrument = meter.createHistogram(metric.name, {
    description,
    unit,
    advice: { explicitBucketBoundaries: SECONDS },
  });
  return (seconds, attributes) => instrument.record(seconds, attributes);
}

/** A number that is as it is when somebody looks. */
export function gauge(metric: Metric): Observed {
  const { about: description, unit } = metric;
  return { ...declare(metric, "gauge"), instrument: meter.createObservableGauge(metric.name, { description, unit }) };
}

/** A number that only grows, and is counted elsewhere. */
export function total(metric: Metric): Observed {
  const { about: description, unit } = metric;
  const instrument = meter.createObservableCounter(metric.name, { description, unit });
  return { ...declare(metric, "counter"), instrument };
}

/** Says where metrics have their values from. What cannot be told when it is asked for is left out. */
export function observe(metrics: readonly Observed[], read: (tell: Tell) => void | Promise<void>): void {
  meter.addBatchObservableCallback(async (result) => {
    try {
      await read(({ instrument }, value, attributes) => result.observe(instrument, value, attributes));
    } catch {
      // A page with some values missing is worth more than no page.
    }
  }, metrics.map(({ instrument }) => instrument));
}

/** All metrics of this process. */
export function declaredMetrics(): readonly DeclaredMetric[] {
  return declared;
}

/** The name of a metric for Prometheus. Those of a histogram end with `_bucket`, `_sum` and `_count` besides. */
export function prometheusName({ name, unit, kind }: DeclaredMetric): string {
  return `${name.replaceAll(".", "_")}${SUFFIXES[unit] ?? ""}${kind === "counter" ? "_total" : ""}`;
}

/** All values, as Prometheus reads them. @param target what tells this process from others */
export async function metricsText(target: Readonly<Record<string, string>>): Promise<string> {
  // Where nobody looks it is not loaded.
  const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
  const { resourceMetrics } = await reader.collect();
  // The serializer leaves the unit out of the name, where Prometheus wants it.
  const scopeMetrics = resourceMetrics.scopeMetrics.map(({ scope, metrics }) => ({
    scope,
    metrics: metrics.map((metric) => {
      const { descriptor } = metric;
      const name = descriptor.name + (SUFFIXES[descriptor.unit] ?? "");
      return { ...metric, descriptor: { ...descriptor, name, unit: "" } };
    }),
  }));
  return serializer.serialize({ resource: resourceFromAttributes(target), scopeMetrics });
}
