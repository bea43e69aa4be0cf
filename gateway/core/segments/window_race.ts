/** Reads one window of stripes: k chunks are asked, and another for each that fails or is late, until the stripes are whole. */
import { SixfoldError } from "../../../shared/errors.ts";
import { CHUNKS } from "../../../shared/layout.ts";
import type { ReadBlocks } from "../hop/chunk_client.ts";
import { spanEvent } from "../../../shared/telemetry.ts";
import { hedges, readSubstitutes } from "../telemetry/metrics.ts";
import { tooLate } from "../hop/progress_clock.ts";

/** Blocks by chunk, and then by stripe from the window's first; undefined for those that are not here. */
export type Blocks = (Uint8Array | undefined)[][];

/** The memory in which the blocks of a chunk come to lie, stripe by stripe: `roomBytes` for each. */
export type WindowMemory = (index: number) => readonly Uint8Array[];

/** A chunk that can be asked for a window. */
export interface Candidate {
  readonly index: number;
  /** Reads; rejects only when the signal aborts. @param onLate hears that the answer is late, perhaps several times */
  read(into: readonly Uint8Array[], signal: AbortSignal, onLate: () => void): Promise<ReadBlocks>;
  /** Whether another chunk may be asked since this one is late. */
  mayHedge(): boolean;
}

interface Reading {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  late: boolean;
}

/** Whether each stripe has k blocks, those of `expected` chunks counted as if they were here. */
function isEnough(blocks: Blocks, k: number, count: number, expected: ReadonlySet<number>): boolean {
  for (let i = 0; i < count; i++) {
    const here = blocks.filter((chunk, index) => expected.has(index) || chunk[i] !== undefined).length;
    if (here < k) return false;
  }
  return true;
}

/**
 * Asks candidates in their order, as many at a time as are needed.
 * @param count stripes of the window
 * @returns blocks of which each stripe has k at least
 * @throws SixfoldError `data_loss` when too few are good, `unavailable` when too few could be asked
 */
export async function raceWindow(
  candidates: readonly Candidate[],
  k: number,
  count: number,
  memory: WindowMemory,
  signal: AbortSignal,
): Promise<Blocks> {
  const blocks: Blocks = Array.from({ length: CHUNKS }, () => Array(count).fill(undefined));
  const left = [...candidates];
  const readings = new Map<number, Reading>();
  const unheard = new Set<number>();
  const nothing = new Set<number>();
  /** Why chunks are asked beyond the first k. */
  const reasons: ("late" | "damaged" | "unavailable")[] = [];
  let asked = 0;
  let wake = () => {};
  const ask = (candidate: Candidate) => {
    const { index } = candidate;
    const stop = new AbortController();
    const onLate = () => {
      if (!reading.late && candidate.mayHedge()) {
        reading.late = true;
        reasons.push("late");
      }
      wake();
    };
    const ended = candidate.read(memory(index), AbortSignal.any([signal, stop.signal]), onLate).then((read) => {
      blocks[index] = read.blocks;
      if (read.fault && !isDamage(read.fault)) unheard.add(index);
      if (read.fault && !reading.late) reasons.push(isDamage(read.fault) ? "damaged" : "unavailable");
    }, () => {}).then(() => {
      readings.delete(index);
      wake();
    });
    const reading = { stop, ended, late: false };
    readings.set(index, reading);
  };
  try {
    while (!isEnough(blocks, k, count, nothing)) {
      signal.throwIfAborted();
      const expected = new Set([...readings].filter(([, { late }]) => !late).map(([index]) => index));
      while (left.length > 0 && !isEnough(blocks, k, count, expected)) {
        const [next] = left.splice(0, 1);
        if (next === undefined) break;
        ask(next);
        if (asked++ >= k) tellSubstitute(next.index, reasons.shift() ?? "unavailable");
        expected.add(next.index);
      }
      if (readings.size === 0) throw hopeless(isEnough(blocks, k, count, unheard));
      await new Promise<void>((resolve) => wake = resolve);
    }
    return blocks;
  } finally {
    const losers = [...readings.values()];
    for (const { stop, late } of losers) stop.abort(late ? tooLate("was slower than the others") : undefined);
    // Their memory is written to until they have ended.
    await Promise.all(losers.map(({ ended }) => ended));
  }
}

function tellSubstitute(index: number, reason: string): void {
  spanEvent(reason === "late" ? "hedge" : "substitute", { "sixfold.chunk.index": index, "sixfold.reason": reason });
  readSubstitutes(1, { "sixfold.reason": reason });
  if (reason === "late") hedges(1);
}

/** Whether a fault is of the chunk itself; all others are of its server or of the way to it. */
export function isDamage({ code }: SixfoldError): boolean {
  return code === "not_found" || code === "out_of_range" || code === "data_loss";
}

function hopeless(isAway: boolean): SixfoldError {
  return isAway
    ? new SixfoldError("unavailable", "too few of the servers that keep this file answer now; try again")
    : new SixfoldError("data_loss", "too few good chunks of this file are left to read it now");
}
