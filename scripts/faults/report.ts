/** The matrix for people: lines while it runs, a summary, and the page docs/faults.md. */
import type { Result } from "./matrix.ts";
import type { Row } from "./row.ts";

/** One line of a run. */
export function lineOf({ row, phase, state, reason, seconds }: Result): string {
  const end = state === "pass" ? `${seconds} s` : state === "not run" ? `because ${reason}` : `${seconds} s: ${reason}`;
  return `${String(row.number).padStart(3)} ${phase.padEnd(11)} ${state.padEnd(7)} ${row.name} (${end})`;
}

/** How many passed, failed and did not run. */
export function countsOf(results: readonly Result[]): { passed: number; failed: number; notRun: number } {
  const count = (state: Result["state"]) => results.filter((result) => result.state === state).length;
  return { passed: count("pass"), failed: count("FAIL"), notRun: count("not run") };
}

const HEAD = [
  "# Faults",
  "",
  "What is done to a running cluster on purpose, and what must come of it. `npm run faults` makes every fault for real and",
  "writes this page; `npm run faults -- 11 16` makes some of them. After each one the same is checked, from a list that the",
  "client keeps on its own disk: every acknowledged file reads back byte by byte; an upload that was not acknowledged is",
  "there whole or not at all; a deleted file stays deleted; the chunk files on the disks are those that PostgreSQL names, and",
  "`tmp/` is empty; no process has ended by itself or holds more memory or files than it should; every call has ended in",
  "time.",
  "",
  "| # | fault | made by | what must happen | result |",
  "|---|---|---|---|---|",
];

/**
 * The page with new results: a row that did not run this time keeps the result it had.
 * @param before the page as it was
 */
export function pageOf(before: string, rows: readonly Row[], results: readonly Result[]): string {
  const lines = rows.map((row) => {
    const own = results.filter((result) => result.row === row);
    const known = before.split("\n").map((line) => line.split(/ *\| */)).find(([, number]) =>
      number === String(row.number)
    );
    const outcome = own.length > 0 ? resultOf(own) : known?.at(-2) ?? "not run yet";
    return `| ${row.number} | ${row.name} | ${row.inject} | ${row.expect} | ${outcome} |`;
  });
  const figures = figuresOf(before);
  return [...HEAD, ...lines, "", ...(figures.length > 0 ? [FIGURES, "", ...figures, ""] : [])].join("\n");
}

const FIGURES = "## Figures";

/** The figures of a page, a line each however they were wrapped. */
function figuresOf(page: string): string[] {
  const [, text = ""] = page.split(`\n${FIGURES}\n`);
  return text.split(/\n(?=- \*\*)/).map((figure) => figure.replaceAll(/\s+/g, " ").trim()).filter(Boolean);
}

/** The page with a figure in place of the one of the same name. */
export function withFigure(before: string, name: string, text: string): string {
  const begin = `- **${name}**: `;
  const others = figuresOf(before).filter((line) => !line.startsWith(begin));
  const page = before.split("\n## Figures")[0]?.trimEnd() ?? "";
  return [page, "", FIGURES, "", ...[...others, begin + text].sort(), ""].join("\n");
}

function resultOf(results: readonly Result[]): string {
  const [first] = results;
  if (first !== undefined && results.every(({ state, reason }) => state === "not run" && reason === first.reason)) {
    return `not run, because ${first.reason}`;
  }
  return results.map(({ phase, state }) => phase === "once" ? state : `${phase}: ${state}`).join(", ");
}
