/**
 * `npm test`: every check of the project, then what failed by name, then `N passed, N failed`. `npm run test:long` runs
 * the tests instead that move hundreds of megabytes, or install packages as a user would.
 */
import { addReport, judge, type Lines } from "./coverage.ts";
import { checkHouse } from "./house.ts";
import { bunCoverage, ROOT as root } from "./programs.ts";

const deno = Deno.env.get("SIXFOLD_DENO") ?? Deno.execPath();
const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";
const bin = (name: string) => `${root}node_modules/.bin/${name}`;
/** Where both runtimes leave what ran: Deno as profiles of V8, Bun as reports. */
const profiles = `${root}.coverage/deno`;
const reports = `${root}.coverage/bun`;

/** Test files at once, in each of two runs: a test waits for its own processes most of the time. */
const JOBS = String(navigator.hardwareConcurrency);

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** What failed, by name: told again at the very end, where it is seen. */
const failures: string[] = [];

/** How a check tells of itself. */
function tell(name: string, ok: boolean, began: number, counts = ""): void {
  console.log(`${ok ? "ok  " : "FAIL"} ${name}${counts} (${Math.round((performance.now() - began) / 1000)} s)`);
  if (!ok) failures.push(name);
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
  const began = performance.now();
  const { ok, output } = await run(command, args);
  tell(name, ok, began);
  if (!ok) console.log(output);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** How the summaries of Deno, of Bun and of the project's own tools end: what passed, and what failed. */
const SUMMARY = {
  deno: /\| (\d+) passed\b.*\| (\d+) failed\b/,
  bun: /^ *(\d+) pass\n(?:.*\n)*? *(\d+) fail$/m,
  tool: /^(\d+) passed, (\d+) failed$/m,
};
/** What processes log of their usual work. */
const TALK = /^.*"level":"(?:debug|info)".*\n/gm;
/** The lines with which they name what failed. */
const FAILURE = { deno: /^.* => \S+:\d+:\d+$/gm, bun: /^\(fail\) .*$/gm, tool: /^.* FAIL .*$/gm };

/**
 * Something that counts by itself; its counts are taken, and a run that counted nothing is a failure.
 * @param covered whether it is counted which lines ran, which takes a fifth of the CPU
 */
async function counted(
  name: string,
  kind: keyof typeof SUMMARY,
  args: readonly string[],
  covered?: "covered",
): Promise<Outcome> {
  const began = performance.now();
  const env = covered ? { DENO_COVERAGE_DIR: profiles, SIXFOLD_COVERAGE_DIR: reports } : {};
  const { ok, output } = await run(kind === "bun" ? bun : deno, args, env);
  const [, passed = 0, wrong = 0] = (SUMMARY[kind].exec(output) ?? []).map(Number);
  // What cannot run here says so by name; a run that found nothing at all is a failure.
  const ran = passed > 0 || output.includes("(left out: ");
  const failed = Math.max(wrong, ok && ran ? 0 : 1);
  tell(name, failed === 0, began, `: ${passed} passed, ${failed} failed`);
  for (const line of new Set(output.split("\n").filter((text) => text.includes("(left out: ")))) {
    console.log(`     ${line.trim()}`);
  }
  if (failed > 0) {
    console.log(output.replaceAll(TALK, ""));
    failures.push(...new Set(output.match(FAILURE[kind]) ?? []));
  }
  return { passed, failed };
}

/** The last lines, and the end. */
function end(outcomes: readonly Outcome[]): never {
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  for (const failure of failures) console.log(`FAILED: ${failure.trim()}`);
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exit(failed === 0 ? 0 : 1);
}

/** A check that ends with what it found at fault, a sentence each. */
function report(name: string, faults: readonly string[]): Outcome {
  console.log(`${faults.length === 0 ? "ok  " : "FAIL"} ${name}`);
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length > 0) failures.push(name);
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

function testsOf(...names: string[]): string[] {
  return names.map((name) => `tests/${name}_test.ts`);
}

/** What has a limit of time in it has the machine for itself. */
const ALONE = "tests/load_test.ts";
/** These take as long as all others together. */
const LONG = testsOf("bench", "collector", "console_cluster", "restore", "transfers", "examples", "package", "docs");
/** Nearly all lines that these run are run by others as well. Of both runs, what takes longest begins first. */
const UNCOVERED = testsOf(
  ...["faults", "disks", "rebalance", "membership", "failover", "sessions_faults", "undelete", "database_away", "stop"],
  ...["cleanup", "soak", "slow_readers", "hostile_requests", "hostile", "overload", "gone_servers", "metrics", "watch"],
);
const COVERED_FIRST = testsOf("repair");
/** Faults over the hop that is not the usual one: `npm test` has files, traces and TLS on both hops, and these on one. */
const OTHER_HOP = testsOf("faults", "disks", "failover");
/** Filters by name. There is no "not" in them: what is not of one hop, and what is of the other. */
const BUT_OTHER_HOP = "/^([^H]|H[^O]|HOP=web)/";
const ON_OTHER_HOP = "HOP=grpc";
/** Not quiet: what the processes of a test that failed have said is looked for first. */
const onDeno = ["test", "-A", "--no-check"];
const tool = ["run", "-A", "--no-check", "--no-prompt"];

if (Deno.args.includes("--long")) {
  const chaos = [...tool, "scripts/chaos.ts", "--minutes", "0.4", "--seed", "5"];
  const outcomes = [
    await counted("long tests", "deno", [...onDeno, ...LONG]),
    await counted("faults over gRPC", "deno", [...onDeno, "--filter", ON_OTHER_HOP, ...OTHER_HOP]),
    await counted("chaos, a short run", "tool", chaos),
  ];
  end(outcomes);
}

await Deno.remove(`${root}.coverage`, { recursive: true }).catch(() => {});
const outcomes = await Promise.all([
  check("format", deno, ["fmt", "--check"]),
  check("lint", deno, ["lint"]),
  checkHouse(root).then((faults) => report("house rules", faults)),
  check("types for Deno", deno, ["check", "shared", "scripts", "gateway", "client", "tests"]),
  check("types for Bun", bin("tsc"), ["-p", "tsconfig.json"]),
  check("types for browsers", bin("tsc"), ["-p", "gateway/console/tsconfig.json"]),
  check("proto lint", bin("buf"), ["lint", "proto"]),
  check("proto still fits what was released", bin("buf"), ["breaking", "proto", "--against", "proto/released.binpb"]),
  check("generated code is current", deno, ["run", "-A", "scripts/check-generated.ts"]),
]);
outcomes.push(
  ...await Promise.all([
    counted("units on Deno", "deno", [...onDeno, "shared", "scripts", "gateway", "client"], "covered"),
    counted("units on Bun", "bun", bunCoverage(reports, "./shared", "./node-daemon", "./client"), "covered"),
  ]),
);

/** All other tests of whole clusters, in the order in which they begin. */
async function coveredTests(): Promise<string[]> {
  const all = await Array.fromAsync(Deno.readDir(`${root}tests`), ({ name }) => `tests/${name}`);
  const known = [ALONE, ...LONG, ...UNCOVERED, ...COVERED_FIRST];
  const others = all.filter((path) => path.endsWith("_test.ts") && !known.includes(path)).sort();
  return [...COVERED_FIRST, ...others, "tests/traces"];
}

const parallel = [...onDeno, "--parallel"];
// Tests and faults wait for their processes most of the time: all three runs use the machine meanwhile.
outcomes.push(
  ...(await Promise.all([
    coveredTests()
      .then((tests) => counted("whole cluster", "deno", [...parallel, ...tests], "covered"))
      .then(async (outcome) => [outcome, await coverage()]),
    counted("whole cluster, lines not counted", "deno", [...parallel, "--filter", BUT_OTHER_HOP, ...UNCOVERED]),
    counted("faults, the short matrix", "tool", [...tool, "scripts/faults.ts", "--quick"]),
  ])).flat(),
  await counted("load tests", "deno", [...onDeno, ALONE]),
);
end(outcomes);
