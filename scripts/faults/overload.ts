/** Ten times the load that a cluster can bear: what is still done of it, and how soon all is well again afterwards. */
import { ROOT } from "../programs.ts";
import { each } from "./each.ts";
import { deleteFile } from "./file_client.ts";
import { NEW_FILES, type Plan, type Sample } from "./load_client.ts";
import { check } from "./row.ts";
import type { Stage } from "./stage.ts";

const SIZE = 1024 * 1024;
const FILES = 40;
/** Clients at once: where the best rate of them all is, the peak is. */
const CROWDS = [2, 4, 8, 16, 32];
const TIMES = 10;
const PEAK_SECONDS = 8;
const OVER_SECONDS = 20;
const AFTER_SECONDS = 12;
/** What is left of the first seconds: connections are opened and code is compiled in them. */
const WARM_SECONDS = 2;

async function load(stage: Stage, plan: Partial<Plan>): Promise<Sample[]> {
  const whole: Plan = { clients: 0, rate: 0, seconds: 0, size: SIZE, files: FILES, ...plan };
  const address = stage.url("").slice(0, -1);
  const args = ["run", "-A", "--no-check", `${ROOT}scripts/faults/load_client.ts`, address, JSON.stringify(whole)];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, stdin: "null", stderr: "inherit" }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const isGood = ([, , status]: Sample) => status === 200 || status === 201;

/** Good answers per second that came between two moments, in seconds. */
function goodRate(samples: readonly Sample[], from: number, to: number): number {
  const came = samples.filter((sample) => isGood(sample) && sample[0] + sample[1] >= from * 1000);
  return came.filter(([at, ms]) => at + ms < to * 1000).length / (to - from);
}

/** What ten times the load has left. */
export interface OverloadFigures {
  /** Of the peak. */
  readonly share: number;
  /** Until the rate was at 90 % of the peak again. */
  readonly seconds: number;
  /** All of it in words. */
  readonly text: string;
}

/** Takes the figures on a stage through its first gateway. */
export async function overload(stage: Stage): Promise<OverloadFigures> {
  for (let i = 0; i < FILES; i++) {
    const { status, code } = await stage.put(`file-${i}`, stage.content(SIZE));
    check(status === 201, `an upload: ${status} ${code}`);
  }
  let [peak, crowd] = [0, 0];
  for (const clients of CROWDS) {
    const rate = goodRate(await load(stage, { clients, seconds: PEAK_SECONDS }), WARM_SECONDS, PEAK_SECONDS);
    if (rate > peak) [peak, crowd] = [rate, clients];
  }
  const crowded = await load(stage, { clients: TIMES * crowd, seconds: PEAK_SECONDS });
  const over = await load(stage, { rate: TIMES * peak, seconds: OVER_SECONDS });
  const kept = goodRate(over, WARM_SECONDS, OVER_SECONDS);
  const after = await load(stage, { clients: crowd, seconds: AFTER_SECONDS });
  let seconds = 0;
  while (seconds < AFTER_SECONDS && goodRate(after, seconds, seconds + 1) < 0.9 * peak) seconds++;
  await each([...Array(NEW_FILES).keys()], 8, async (i) => void await deleteFile(stage.url(`new-${i}`)));
  const statuses = new Map<number, number>();
  for (const [, , status] of over) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const told = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} x ${status}`).join(", ");
  const percent = (rate: number) => `${rate.toFixed(0)} (${(rate / peak * 100).toFixed(0)} %)`;
  const text =
    `peak ${peak.toFixed(0)} good calls of 1 MiB a second with ${crowd} clients; with ${TIMES * crowd} clients ` +
    `${percent(goodRate(crowded, WARM_SECONDS, PEAK_SECONDS))}; with ${TIMES} times as many calls a second, whatever ` +
    `becomes of them, ${percent(kept)}, of ${over.length}: ${told}; at 90 % of the peak again after ${seconds} s`;
  return { share: kept / peak, seconds, text };
}
