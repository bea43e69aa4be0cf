/** The table, the ratios to the baselines of the same run, and what moved against the accepted ones. */
import type { Measurement } from "./measure.ts";

/** How a load stands to the least server under the same load: its rate, and the CPU of all servers. */
export interface Ratio {
  readonly rate: number;
  readonly cpu: number;
}

/** Ratios by hop and load. */
export type Ratios = Readonly<Record<string, Ratio>>;

/** Those that were accepted; a rate only from a machine that had nothing else to do. */
export type Accepted = Readonly<Record<string, Partial<Ratio>>>;

/** What moves by more is told. */
const MOVED = 0.15;

/** CPU of all servers, without the client. */
export function serverCpu({ cpu }: Measurement): number {
  return Object.entries(cpu).reduce((sum, [kind, seconds]) => sum + (kind === "client" ? 0 : seconds), 0);
}

/** What the columns of `line` are. */
export function headLine(kinds: readonly string[]): string {
  return ["".padEnd(26), "rate".padStart(13), "median", "   p99 ms  CPU-s per GiB or 1,000 requests:", kinds.join(", ")]
    .join(" ");
}

/** A measurement as a line of the table. */
export function line(measured: Measurement, ratio?: Ratio): string {
  const { name, rate, unit, median, p99, cpu } = measured;
  return [
    name.padEnd(26),
    `${rate.toFixed(0).padStart(7)} ${unit}`,
    `${median.toFixed(1).padStart(6)} ${p99.toFixed(1).padStart(6)}`,
    ...Object.values(cpu).map((seconds) => seconds.toFixed(2).padStart(7)),
    ratio === undefined ? "" : `  rate x${ratio.rate.toFixed(2)}, CPU x${ratio.cpu.toFixed(1)} of an empty server's`,
  ].join(" ");
}

/** The ratio of a load to a baseline of the same unit. */
export function ratioOf(measured: Measurement, baseline: Measurement): Ratio {
  return { rate: measured.rate / baseline.rate, cpu: serverCpu(measured) / serverCpu(baseline) };
}

/** A sentence for each ratio that is more than 15 % away from the accepted one. */
export function moved(now: Ratios, accepted: Accepted): string[] {
  const sentences: string[] = [];
  for (const [name, ratio] of Object.entries(now)) {
    for (const what of ["rate", "cpu"] as const) {
      const before = accepted[name]?.[what];
      if (before === undefined || !(Math.abs(ratio[what] / before - 1) > MOVED)) continue;
      const better = (ratio[what] > before) === (what === "rate");
      const change = `${before.toFixed(2)} -> ${ratio[what].toFixed(2)}`;
      sentences.push(`${better ? "better" : "WORSE"}: ${name}: ${what} ${change} of an empty server's`);
    }
  }
  return sentences;
}

/** Two versions side by side, load by load. */
export function compared(name: string, before: Measurement, now: Measurement): string {
  const change = (a: number, b: number) => `${b >= a ? "+" : ""}${((b / a - 1) * 100).toFixed(0)} %`;
  const cpu = change(serverCpu(before), serverCpu(now));
  return `${name.padEnd(30)} rate ${change(before.rate, now.rate)}, median ${
    change(before.median, now.median)
  }, CPU ${cpu}`;
}

/**
 * What runs by turns say of the servers' CPU: that of all together, and of the pairs the least, the middle and the most;
 * then that of each kind of server.
 */
export function spread(before: readonly Measurement[], now: readonly Measurement[]): string {
  const percent = (ratio = NaN) => `${ratio >= 1 ? "+" : ""}${((ratio - 1) * 100).toFixed(1)} %`;
  const ratioBy = (cpuOf: (run: Measurement) => number) => {
    const sum = (runs: readonly Measurement[]) => runs.reduce((total, run) => total + cpuOf(run), 0);
    return percent(sum(now) / sum(before));
  };
  const pairs = now.flatMap((run, i) => before[i] === undefined ? [] : serverCpu(run) / serverCpu(before[i]));
  pairs.sort((a, b) => a - b);
  const [least, middle, most] = [pairs.at(0), pairs.at(pairs.length >> 1), pairs.at(-1)].map(percent);
  const kinds = Object.keys(now[0]?.cpu ?? {}).filter((kind) => kind !== "client");
  const each = kinds.map((kind) => `${kind} ${ratioBy(({ cpu }) => cpu[kind] ?? NaN)}`).join(", ");
  const all = `CPU ${ratioBy(serverCpu)} over ${pairs.length} runs (pairs: ${least}, ${middle}, ${most})`;
  return `${all}: ${each}`;
}
