/** Faults that are not made here, and why. */
import type { Row } from "../row.ts";

function leftOut(number: number, name: string, expect: string, notRun: string): Row {
  return { number, name, inject: "-", expect, phases: ["once"], notRun, run: () => Promise.resolve() };
}

/** See above. */
export const LEFT_OUT_ROWS: readonly Row[] = [
  leftOut(
    45,
    "garbage is collected while the same bytes are uploaded again",
    "no file loses what another one shares",
    "no file shares a chunk with another one",
  ),
  leftOut(
    86,
    "gateways, daemons and tables of different versions",
    "all work together",
    "there is no release yet; `chunk_format_test` reads a chunk file as all releases will have to",
  ),
];
