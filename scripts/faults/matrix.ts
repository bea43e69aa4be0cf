/** Runs rows one after another, each in its phases, and checks the invariants after each. */
import { missingNeed } from "./needs.ts";
import type { Phase, Row } from "./row.ts";
import { Stage } from "./stage.ts";

/** What became of a row in a phase. */
export interface Result {
  readonly row: Row;
  readonly phase: Phase;
  readonly state: "pass" | "FAIL" | "not run";
  /** Why it failed or was not run. */
  readonly reason: string;
  readonly seconds: number;
}

/** Runs rows. @param quick only in the phases of the short run @param tell hears of each result at once */
export async function runMatrix(
  rows: readonly Row[],
  quick: boolean,
  tell: (result: Result) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  let stage: Stage | undefined;
  let onDisks: boolean | undefined;
  const add = (result: Result) => {
    results.push(result);
    tell(result);
  };
  try {
    // Rows that need the same kind of stage run one after another.
    for (const row of rows.toSorted((a, b) => Number(a.disks ?? false) - Number(b.disks ?? false))) {
      const missing = row.notRun ?? await missingNeed(row.needs ?? []);
      for (const phase of quick ? row.quick ?? [] : row.phases) {
        if (missing !== undefined) {
          add({ row, phase, state: "not run", reason: missing, seconds: 0 });
          continue;
        }
        const began = performance.now();
        const seconds = () => Math.round((performance.now() - began) / 100) / 10;
        try {
          if (stage !== undefined && onDisks !== (row.disks ?? false)) {
            await stage[Symbol.asyncDispose]();
            stage = undefined;
          }
          onDisks = row.disks ?? false;
          stage ??= await Stage.open(onDisks ? { disks: ["ext4"] } : {});
          await row.run(stage, phase);
          await stage.verify();
          await stage.settle();
          await stage.clear();
          add({ row, phase, state: "pass", reason: "", seconds: seconds() });
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          add({ row, phase, state: "FAIL", reason, seconds: seconds() });
          // Whatever the row has left broken must not fail the next one.
          await stage?.[Symbol.asyncDispose]();
          stage = undefined;
        }
      }
    }
  } finally {
    await stage?.[Symbol.asyncDispose]();
  }
  return results;
}
