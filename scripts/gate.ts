/** `npm test`: every check of the project, one after another, then `N passed, N failed`. */
import { addReport, judge, type Lines } from "./coverage.ts";
import { checkHouse } from "./house.ts";
import { bunCoverage, ROOT as root } from "./programs.ts";

const deno = Deno.env.get("SIXFOLD_DENO") ?? Deno.execPath();
const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";
const bin = (name: string) => `${root}node_modules/.bin/${name}`;
/** Where both runtimes leave what ran: Deno as profiles of V8, Bun as reports. */
const profiles = `${root}.coverage/deno`;
const reports = `${root}.coverage/bun`;

/** Test files at once: each waits for its own processes most of the time. */
const JOBS = String(navigator.hardwareConcurrency + 1);

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ ok: boolean; output: string }> {
  const result = await new Deno.Command(command, {
    args: [...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", DENO_JOBS: JOBS, PATH: `${root}node_modules/.bin:${Deno.env.get("PATH") ?? ""}`, ...env },
  }).output();
  const text = new TextDecoder();
  return { ok: result.success, output: text.decode(result.stdout) + text.decode(result.stderr) };
}

/** A command that passes or fails as a whole. */
async function check(name: string, command: string, args: readonly string[]): Promise<Outcome> {
  const { ok, output } = await run(command, args);
  console.log(`${ok ? "ok  " : "FAIL"} ${name}`);
  if (!ok) console.log(output);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** How the summaries of Deno and Bun end: what passed, and what failed. */
const SUMMARY = { deno: /\| (\d+) passed\b.*\| (\d+) failed\b/, bun: /^ *(\d+) pass\n(?:.*\n)*? *(\d+) fail$/m };

/** A test runner; its own counts are taken, and a run that counted nothing is a failure. */
async function tests(name: string, runtime: "deno" | "bun", args: readonly string[]): Promise<Outcome> {
  const command = runtime === "deno" ? deno : bun;
  const { ok, output } = await run(command, args, { DENO_COVERAGE_DIR: profiles, SIXFOLD_COVERAGE_DIR: reports });
  const [, passed = 0, counted = 0] = (SUMMARY[runtime].exec(output) ?? []).map(Number);
  const failed = Math.max(counted, ok && passed > 0 ? 0 : 1);
  console.log(`${failed === 0 ? "ok  " : "FAIL"} ${name}: ${passed} passed, ${failed} failed`);
  for (const line of new Set(output.split("\n").filter((text) => text.includes("(left out: ")))) {
    console.log(`     ${line.trim()}`);
  }
  if (failed > 0) console.log(output);
  return { passed, failed };
}

/** A tool of the project that counts by itself, and closes with its counts. */
async function tool(name: string, args: readonly string[]): Promise<Outcome> {
  const { ok, output } = await run(deno, ["run", "-A", "--no-check", "--no-prompt", ...args]);
  const [, passed = 0, counted = 0] = (/^(\d+) passed, (\d+) failed$/m.exec(output) ?? []).map(Number);
  const failed = Math.max(counted, ok && passed > 0 ? 0 : 1);
  console.log(`${failed === 0 ? "ok  " : "FAIL"} ${name}: ${passed} passed, ${failed} failed`);
  for (const line of new Set(output.split("\n").filter((text) => text.includes("(left out: ")))) {
    console.log(`     ${line.trim()}`);
  }
  if (failed > 0) console.log(output);
  return { passed, failed };
}

/** A check that ends with what it found at fault, a sentence each. */
function report(name: string, faults: readonly string[]): Outcome {
  console.log(`${faults.length === 0 ? "ok  " : "FAIL"} ${name}`);
  for (const fault of faults) console.log(`  ${fault}`);
  return faults.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Adds up what all test runs have left. */
async function coverage(): Promise<Outcome> {
  const lines: Lines = new Map();
  const { ok, output } = await run(deno, [
    "coverage",
    "--quiet",
    "--lcov",
    `--include=^${new URL("..", import.meta.url)}`,
    profiles,
  ]);
  if (!ok) return report("coverage", [output]);
  addReport(lines, output, root);
  for await (const { name } of Deno.readDir(reports)) {
    addReport(lines, await Deno.readTextFile(`${reports}/${name}/lcov.info`).catch(() => ""), root);
  }
  const { table, faults } = judge(lines);
  console.log(table);
  return report("coverage", faults);
}

await Deno.remove(`${root}.coverage`, { recursive: true }).catch(() => {});
const outcomes = [
  await check("format", deno, ["fmt", "--check"]),
  await check("lint", deno, ["lint"]),
  report("house rules", await checkHouse(root)),
  await check("types for Deno", deno, ["check", "shared", "scripts", "gateway", "client", "tests"]),
  await check("types for Bun", bin("tsc"), ["-p", "tsconfig.json"]),
  await check("proto lint", bin("buf"), ["lint", "proto"]),
  await check("proto still fits what was released", bin("buf"), [
    "breaking",
    "proto",
    "--against",
    "proto/released.binpb",
  ]),
  await check("generated code is current", deno, ["run", "-A", "scripts/check-generated.ts"]),
  await tests("units on Deno", "deno", [
    "test",
    "-A",
    "--no-check",
    "--quiet",
    "shared",
    "scripts",
    "gateway",
    "client",
  ]),
  await tests("whole cluster", "deno", ["test", "-A", "--no-check", "--quiet", "--parallel", "tests"]),
  await tool("faults, the short matrix", ["scripts/faults.ts", "--quick"]),
  await tool("chaos, a short run", ["scripts/chaos.ts", "--minutes", "0.4", "--seed", "5"]),
  await tests("units on Bun", "bun", bunCoverage(reports, "./shared", "./node-daemon", "./client")),
  await coverage(),
];
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
