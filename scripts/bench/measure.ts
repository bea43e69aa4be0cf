/** One measurement: a client process against servers, and what each of them took of the CPU. */
import { ROOT } from "../programs.ts";
import type { Result } from "./client.ts";
import { isCounted, type Load, nameOf } from "./loads.ts";
import { cpuSeconds } from "./usage.ts";

const GIB = 1024 ** 3;

/** One line of the table. */
export interface Measurement {
  readonly name: string;
  /** MiB or requests per second. */
  readonly rate: number;
  readonly unit: "MiB/s" | "req/s";
  /** Milliseconds of a request. */
  readonly median: number;
  readonly p99: number;
  /** Seconds of CPU per GiB, or per 1,000 requests, by who took them: the client, then each kind of server. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** @param addresses of gateways, among which the clients are divided @param servers process ids by the kind of server */
export async function measure(
  addresses: readonly string[],
  load: Load,
  servers: Readonly<Record<string, readonly number[]>>,
): Promise<Measurement> {
  const usage = async () => await Promise.all(Object.values(servers).map(cpuSeconds));
  const before = await usage();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}scripts/bench/client.ts`, JSON.stringify(load), ...addresses],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  const result: Result = JSON.parse(text.decode(stdout));
  const after = await usage();
  const counted = isCounted(load);
  const units = counted ? result.requests / 1000 : result.bytes / GIB;
  const cpu: Record<string, number> = { client: result.cpu / units };
  Object.keys(servers).forEach((kind, i) => cpu[kind] = ((after[i] ?? NaN) - (before[i] ?? NaN)) / units);
  const rate = (counted ? result.requests : result.bytes / 1024 ** 2) / result.seconds;
  const { median, p99 } = result;
  return { name: nameOf(load), rate, unit: counted ? "req/s" : "MiB/s", median, p99, cpu };
}

/** The measurement in the middle of several of the same load, by its rate. */
export function middle(runs: readonly Measurement[]): Measurement {
  const found = [...runs].sort((a, b) => a.rate - b.rate)[runs.length >> 1];
  if (found === undefined) throw new Error("nothing was measured");
  return found;
}
