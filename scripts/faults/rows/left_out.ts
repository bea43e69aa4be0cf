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
    85,
    "a promise that nobody hears rejects",
    "caught, counted and logged; the process ends with code 1 when it is told to stop",
    "nothing outside can cause it; all processes of all rows are stopped in the end, and one that has seen it fails the run",
  ),
  leftOut(
    86,
    "gateways, daemons and tables of different versions",
    "all work together",
    "there is one release so far; `chunk_format_test` reads a chunk file of it",
  ),
];
