/** `npm test`: every check of the project, one after another, then `N passed, N failed`. */
import { fromFileUrl } from "./paths.ts";
import { checkHouse } from "./house.ts";

const root = fromFileUrl(new URL("..", import.meta.url));
const deno = Deno.env.get("SIXFOLD_DENO") ?? Deno.execPath();
const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";
const bin = (name: string) => `${root}node_modules/.bin/${name}`;

/** Test files at once: each waits for its own processes most of the time. */
const JOBS = String(navigator.hardwareConcurrency + 1);

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

async function run(command: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const result = await new Deno.Command(command, {
    args: [...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", DENO_JOBS: JOBS, PATH: `${root}node_modules/.bin:${Deno.env.get("PATH") ?? ""}` },
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

/** A test runner; its own counts are taken, and a run that counted nothing is a failure. */
async function tests(name: string, command: string, args: readonly string[]): Promise<Outcome> {
  const { ok, output } = await run(command, args);
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const passed = count(/(\d+) pass(?:ed)?\b/);
  const failed = Math.max(count(/(\d+) fail(?:ed)?\b/), ok && passed > 0 ? 0 : 1);
  console.log(`${failed === 0 ? "ok  " : "FAIL"} ${name}: ${passed} passed, ${failed} failed`);
  if (failed > 0) console.log(output);
  return { passed, failed };
}

async function house(): Promise<Outcome> {
  const faults = await checkHouse(root);
  console.log(`${faults.length === 0 ? "ok  " : "FAIL"} house rules`);
  for (const fault of faults) console.log(`  ${fault}`);
  return faults.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const outcomes = [
  await check("format", deno, ["fmt", "--check"]),
  await check("lint", deno, ["lint"]),
  await house(),
  await check("types for Deno", deno, ["check", "shared", "scripts", "gateway", "client", "tests"]),
  await check("types for Bun", bin("tsc"), ["-p", "tsconfig.json"]),
  await check("proto lint", bin("buf"), ["lint", "proto"]),
  await check("generated code is current", deno, ["run", "-A", "scripts/check-generated.ts"]),
  await tests("units on Deno", deno, ["test", "-A", "--no-check", "--quiet", "shared", "scripts", "gateway", "client"]),
  await tests("whole cluster", deno, ["test", "-A", "--no-check", "--quiet", "--parallel", "tests"]),
  await tests("units on Bun", bun, ["test", "./shared", "./node-daemon", "./client"]),
];
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
