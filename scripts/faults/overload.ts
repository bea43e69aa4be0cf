/** Ten times the load that a cluster can bear: what is still done of it, and how soon all is well again afterwards. */
import { ROOT } from "../programs.ts";
import { each } from "./each.ts";
import { deleteFile } from "./file_client.ts";
import { NEW_FILES, type Plan, type Sample } from "./load_client.ts";
import { type OwnCore, withOwnCore } from "./own_core.ts";
import { goodRates, median, secondsUntilBack } from "./rates.ts";
import { check } from "./row.ts";
import type { Stage } from "./stage.ts";

const SIZE = 1024 * 1024;
const FILES = 40;
/** Clients at once: of these as many as make the best rate make the peak, which is taken anew right before. */
const CROWDS = [2, 4, 8, 16, 32];
const TIMES = 10;
const ROUNDS = 3;
const PEAK_SECONDS = 8;
const OVER_SECONDS = 16;
/** The time that it may take until all is well, and after it some in which it is. */
const RECOVERY_SECONDS = 10;
const AFTER_SECONDS = RECOVERY_SECONDS + 6;
/** What is left out of the first seconds: connections are opened and code is compiled in them. */
const WARM_SECONDS = 2;

/** Loads the stage and tells what became of it. */
type Load = (plan: Partial<Plan>) => Promise<Sample[]>;

async function load(stage: Stage, own: OwnCore, plan: Partial<Plan>): Promise<Sample[]> {
  const whole: Plan = { clients: 0, rate: 0, seconds: 0, size: SIZE, files: FILES, ...plan };
  const address = stage.url("").slice(0, -1);
  const script = `${ROOT}scripts/faults/load_client.ts`;
  const [command = "", ...args] = [...own, Deno.execPath(), "run", "-A", "--no-check", script, address];
  args.push(JSON.stringify(whole));
  const { stdout } = await new Deno.Command(command, { args, stdin: "null", stderr: "inherit" }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What ten times the load has left: medians of some rounds, for the machine may be busy with other things in one. */
export interface OverloadFigures {
  /** What was done of it, of what was usual right before. */
  readonly kept: number;
  /** What was usual after it, of what was usual before: less where the cluster does not recover by itself. */
  readonly left: number;
  /** Until the rate was as good as usual, in the worst round. */
  readonly seconds: number;
  /** All of it in words. */
  readonly text: string;
}

/** Good calls per second in one round. */
interface Round {
  readonly peak: number;
  readonly over: number;
  readonly later: number;
  readonly seconds: number;
  readonly statuses: readonly number[];
}

/** Takes the figures on a stage through its first gateway. */
export async function overload(stage: Stage): Promise<OverloadFigures> {
  return await withOwnCore((own) => measured(stage, (plan) => load(stage, own, plan)));
}

async function measured(stage: Stage, load: Load): Promise<OverloadFigures> {
  for (let i = 0; i < FILES; i++) {
    const { status, code } = await stage.put(`file-${i}`, stage.content(SIZE));
    check(status === 201, `an upload: ${status} ${code}`);
  }
  let [best, crowd] = [0, 0];
  for (const clients of CROWDS) {
    const rate = await usualRate(load, clients);
    if (rate > best) [best, crowd] = [rate, clients];
  }
  const crowded = await usualRate(load, TIMES * crowd);
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await round(load, crowd));
  await each([...Array(NEW_FILES).keys()], 8, async (i) => void await deleteFile(stage.url(`new-${i}`)));
  const kept = median(rounds.map(({ over, peak }) => over / peak));
  const left = median(rounds.map(({ later, peak }) => later / peak));
  const seconds = Math.max(...rounds.map(({ seconds }) => seconds));
  const counts = new Map<number, number>();
  for (const status of rounds.flatMap(({ statuses }) => statuses)) counts.set(status, (counts.get(status) ?? 0) + 1);
  const told = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${count} x ${status}`).join(", ");
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  const peak = median(rounds.map(({ peak }) => peak));
  const text =
    `peak ${peak.toFixed(0)} good calls of 1 MiB a second with ${crowd} clients, ${crowded.toFixed(0)} with ` +
    `${TIMES * crowd}; with ${TIMES} times as many calls a second, whatever becomes of them, ${percent(kept)} of the ` +
    `peak right before, the median of ${ROUNDS} rounds (${told}); as good as usual again after ${seconds} s at most, ` +
    `and at ${percent(left)} of the peak from ${RECOVERY_SECONDS} s on`;
  return { kept, left, seconds, text };
}

async function usualRate(load: Load, clients: number): Promise<number> {
  return median(goodRates(await load({ clients, seconds: PEAK_SECONDS }), WARM_SECONDS, PEAK_SECONDS));
}

/** What is usual, ten times as much, and what is usual then. */
async function round(load: Load, crowd: number): Promise<Round> {
  const peak = await usualRate(load, crowd);
  const over = await load({ rate: TIMES * peak, seconds: OVER_SECONDS });
  const after = await load({ clients: crowd, seconds: AFTER_SECONDS });
  const later = median(goodRates(after, RECOVERY_SECONDS, AFTER_SECONDS));
  return {
    peak,
    over: median(goodRates(over, WARM_SECONDS, OVER_SECONDS)),
    later,
    // The machine may be slower by then for reasons of its own: whether the cluster stays slower is told by `left`.
    seconds: secondsUntilBack(goodRates(after, 0, RECOVERY_SECONDS), Math.min(peak, later)),
    statuses: over.map(([, , status]) => status),
  };
}
