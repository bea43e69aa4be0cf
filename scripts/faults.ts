/**
 * `npm run faults`: makes every fault of the matrix for real, and says what came of it. `-- 11 16` makes some of them,
 * `-- --quick` those of the gate. A run of whole rows brings docs/faults.md up to date.
 */
import { isolate } from "./faults/isolate.ts";
import { runMatrix } from "./faults/matrix.ts";
import { countsOf, lineOf, pageOf } from "./faults/report.ts";
import { runTool } from "./faults/run_tool.ts";
import { ROWS } from "./faults/rows.ts";
import { ROOT } from "./programs.ts";

const PAGE = `${ROOT}docs/faults.md`;

await isolate(`${ROOT}scripts/faults.ts`);
const quick = Deno.args.includes("--quick");
const numbers = Deno.args.map(Number).filter(Number.isInteger);
const rows = ROWS.filter((row) => (!quick || row.quick) && (numbers.length === 0 || numbers.includes(row.number)));
const results = await runMatrix(rows, quick, (result) => console.log(lineOf(result)));
const { passed, failed, notRun } = countsOf(results);
if (!quick) {
  const before = await Deno.readTextFile(PAGE).catch(() => "");
  await Deno.writeTextFile(PAGE, pageOf(before, ROWS, results));
  await runTool(Deno.execPath(), "fmt", "--quiet", PAGE);
}
console.log(`${notRun} not run\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
