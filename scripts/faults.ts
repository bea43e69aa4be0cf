/**
 * `npm run faults`: makes every fault of the matrix for real, and says what came of it. `-- 11 16` makes some of them,
 * `-- --quick` those of the gate; `-- kills --count 1000` and `-- power --count 200` crash all daemons or all disks again
 * and again under load; `-- measure` takes figures. All but the quick run bring docs/faults.md up to date.
 */
import { parseArgs } from "node:util";
import { crashLoop } from "./faults/crash_loop.ts";
import { isolate } from "./faults/isolate.ts";
import { runMatrix } from "./faults/matrix.ts";
import { measure } from "./faults/measure.ts";
import { countsOf, lineOf, pageOf, withFigure } from "./faults/report.ts";
import { runTool } from "./faults/run_tool.ts";
import { ROWS } from "./faults/rows.ts";
import { ROOT } from "./programs.ts";

const PAGE = `${ROOT}docs/faults.md`;

await isolate(`${ROOT}scripts/faults.ts`);
const { values, positionals } = parseArgs({
  args: Deno.args,
  options: { quick: { type: "boolean", default: false }, count: { type: "string", default: "1000" } },
  allowPositionals: true,
});
const readPage = () => Deno.readTextFile(PAGE).catch(() => "");
const [first, only = ""] = positionals;
const succeeded = first === "measure"
  ? await figures(only)
  : first === "kills" || first === "power"
  ? await crashes(first === "kills" ? "kills" : "power cuts", Number(values.count))
  : await matrix(positionals.map(Number), values.quick);
Deno.exit(succeeded ? 0 : 1);

async function matrix(numbers: readonly number[], quick: boolean): Promise<boolean> {
  const rows = ROWS.filter((row) => (!quick || row.quick) && (numbers.length === 0 || numbers.includes(row.number)));
  const results = await runMatrix(rows, quick, (result) => console.log(lineOf(result)));
  const { passed, failed, notRun } = countsOf(results);
  if (!quick) await writePage(pageOf(await readPage(), ROWS, results));
  console.log(`${notRun} not run\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

async function figures(only: string): Promise<boolean> {
  await measure(only, async (name, text) => {
    console.log(`${name}: ${text}`);
    await writePage(withFigure(await readPage(), name, text));
  });
  return true;
}

async function crashes(kind: "kills" | "power cuts", count: number): Promise<boolean> {
  try {
    const figures = await crashLoop(kind, count, (line) => console.log(line));
    const text =
      `${figures.crashes} ${kind} of daemons under load, six at once; ${figures.files} files acknowledged, ` +
      `${figures.chunks} chunks read over; 0 lost`;
    console.log(text);
    await writePage(withFigure(await readPage(), kind, text));
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  }
}

async function writePage(text: string): Promise<void> {
  await Deno.writeTextFile(PAGE, text);
  await runTool(Deno.execPath(), "fmt", "--quiet", PAGE);
}
