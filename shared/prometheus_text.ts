/** The text format of Prometheus, version 0.0.4. */

/** The media type of the format. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A value, by what tells it from others of its metric: `labelsOf` has made that. */
export type Sample = readonly [labels: string, value: number];

/** How values are distributed. */
export interface Distribution {
  /** How many there are by the first bound that they are not above. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Labels as they stand behind a name, without braces. Their names have underscores for dots. */
export function labelsOf(attributes: Readonly<Record<string, unknown>>): string {
  return Object.entries(attributes).flatMap(([name, value]) => {
    return value === undefined
      ? []
      : [`${name.replaceAll(".", "_")}="${escaped(String(value)).replaceAll('"', '\\"')}"`];
  }).join();
}

/** A metric with its values. */
export function metricText(name: string, kind: string, about: string, samples: Iterable<Sample>): string {
  const lines = Array.from(samples, ([labels, value]) => line(name, labels, value));
  return `# HELP ${name} ${escaped(about)}\n# TYPE ${name} ${kind}\n${lines.join("")}`;
}

/** A metric with distributions. @param bounds of their counts: the last one is Infinity */
export function histogramText(
  name: string,
  about: string,
  bounds: readonly number[],
  distributions: Iterable<readonly [labels: string, Distribution]>,
): string {
  const lines = Array.from(distributions, ([labels, { counts, sum }]) => {
    let count = 0;
    const buckets = counts.map((more, i) => {
      const bound = `le="${numberText(bounds[i] ?? NaN)}"`;
      return line(`${name}_bucket`, labels === "" ? bound : `${labels},${bound}`, count += more);
    });
    return buckets.join("") + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, count);
  });
  return lines.length === 0 ? "" : metricText(name, "histogram", about, []) + lines.join("");
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${numberText(value)}\n`;
}

function numberText(value: number): string {
  return Math.abs(value) === Infinity ? `${value > 0 ? "+" : "-"}Inf` : String(value);
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
