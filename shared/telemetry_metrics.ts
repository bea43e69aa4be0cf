/**
 * Numbers for Prometheus. Each is declared once, in the catalogue of its process, with all that its page says of it; the
 * rest of the code adds to it, or is asked for it when somebody looks.
 */
import { histogramText, labelsOf, metricText, type Sample } from "./prometheus_text.ts";

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

/** What tells a value of a metric from its others. */
export type Attributes<M extends Metric> = Readonly<Record<NonNullable<M["attributes"]>[number], string | number>>;

/** Takes a value of a metric that is asked. */
export type Tell = <M extends DeclaredMetric>(metric: M, value: number, attributes?: Attributes<M>) => void;

/** Bounds of histograms in seconds: of what takes a disk or a network some time, and of whole requests. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, Infinity];
const SUFFIXES: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes", "1": "_ratio" };

/** All metrics in the order of their declaration, and how the values of those that are not asked are written. */
const declared = new Map<DeclaredMetric, (metric: DeclaredMetric) => string>();
const reads: ((tell: Tell) => void | Promise<void>)[] = [];

/** Values of a metric by their attributes. */
class Values<T> {
  readonly #names: readonly string[];
  readonly #make: () => T;
  readonly #byKey = new Map<string, readonly [labels: string, value: T]>();

  constructor({ attributes = [] }: Metric, make: () => T) {
    this.#names = attributes;
    this.#make = make;
  }

  of(attributes: Readonly<Record<string, string | number>> = {}): T {
    let key = "";
    for (const name of this.#names) key += `${attributes[name]}\n`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known[1];
    const value = this.#make();
    this.#byKey.set(key, [labelsOf(attributes), value]);
    return value;
  }

  all(): (readonly [labels: string, value: T])[] {
    return [...this.#byKey.values()];
  }
}

function declare<M extends Metric>(
  metric: M,
  kind: DeclaredMetric["kind"],
  text: (metric: DeclaredMetric) => string = () => "",
): M & DeclaredMetric {
  const known = { ...metric, kind };
  declared.set(known, text);
  return known;
}

/**
 * A number that only grows.
 * @param zeros the attributes of values that are there from the start, so that a first event is seen as a change
 * @returns adds to it
 */
export function counter<const M extends Metric>(
  metric: M,
  zeros: readonly Attributes<M>[] = [],
): (value: number, attributes?: Attributes<M>) => void {
  const values = new Values(metric, () => ({ sum: 0 }));
  if (metric.attributes === undefined) values.of();
  for (const attributes of zeros) values.of(attributes);
  declare(metric, "counter", (known) => simpleText(known, values.all().map(([labels, { sum }]) => [labels, sum])));
  return (value, attributes) => void (values.of(attributes).sum += value);
}

/** How values are distributed. @returns takes one, in seconds */
export function histogram<const M extends Metric>(metric: M): (seconds: number, attributes?: Attributes<M>) => void {
  const values = new Values(metric, () => ({ counts: Array<number>(BOUNDS.length).fill(0), sum: 0 }));
  declare(metric, "histogram", (known) => histogramText(prometheusName(known), known.about, BOUNDS, values.all()));
  return (seconds, attributes) => {
    const distribution = values.of(attributes);
    const { counts } = distribution;
    const at = BOUNDS.findIndex((bound) => seconds <= bound);
    counts[at] = (counts[at] ?? 0) + 1;
    distribution.sum += seconds;
  };
}

/** A number that is as it is when somebody looks. */
export function gauge<const M extends Metric>(metric: M): M & DeclaredMetric {
  return declare(metric, "gauge");
}

/** A number that only grows, and is counted elsewhere. */
export function total<const M extends Metric>(metric: M): M & DeclaredMetric {
  return declare(metric, "counter");
}

/** Says where metrics have their values from. What cannot be told when it is asked for is left out. */
export function observe(read: (tell: Tell) => void | Promise<void>): void {
  reads.push(read);
}

/** All metrics of this process. */
export function declaredMetrics(): readonly DeclaredMetric[] {
  return [...declared.keys()];
}

/** The name of a metric for Prometheus. Those of a histogram end with `_bucket`, `_sum` and `_count` besides. */
export function prometheusName({ name, unit, kind }: DeclaredMetric): string {
  return `${name.replaceAll(".", "_")}${SUFFIXES[unit] ?? ""}${kind === "counter" ? "_total" : ""}`;
}

/** All values, as Prometheus reads them. @param target what tells this process from others */
export async function metricsText(target: Readonly<Record<string, string>>): Promise<string> {
  const told = new Map<DeclaredMetric, Map<string, number>>();
  const tell: Tell = (metric, value, attributes) => {
    const labels = labelsOf(attributes ?? {});
    const known = told.get(metric);
    if (known === undefined) told.set(metric, new Map([[labels, value]]));
    else known.set(labels, value);
  };
  await Promise.all(reads.map(async (read) => {
    try {
      await read(tell);
    } catch {
      // A page with some values missing is worth more than no page.
    }
  }));
  const texts = [...declared].map(([metric, text]) => simpleText(metric, [...told.get(metric) ?? []]) || text(metric));
  return metricText("target_info", "gauge", "Target metadata", [[labelsOf(target), 1]]) + texts.join("");
}

function simpleText(metric: DeclaredMetric, samples: readonly Sample[]): string {
  return samples.length === 0 ? "" : metricText(prometheusName(metric), metric.kind, metric.about, samples);
}
