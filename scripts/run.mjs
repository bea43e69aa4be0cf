// The door from npm: installs what package-lock.json names, then runs one of the project's programs on its runtime.
// It is the only code that Node runs, so it stays plain JavaScript: Node 20 reads no types.
// @ts-check
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gatewayFlags } from "./gateway_flags.mjs";

const root = fileURLToPath(new URL("..", import.meta.url).href);
const modules = join(root, "node_modules");

/** The programs by name: the runtime, and the file it runs. @type {Record<string, ["deno" | "bun", string]>} */
const programs = {
  start: ["deno", "scripts/start.ts"],
  gateway: ["deno", "gateway/main.ts"],
  daemon: ["bun", "node-daemon/main.ts"],
  test: ["deno", "scripts/gate.ts"],
  load: ["deno", "scripts/load.ts"],
  bench: ["deno", "scripts/bench.ts"],
  transfers: ["deno", "scripts/transfers.ts"],
  soak: ["deno", "scripts/soak.ts"],
  sixfold: ["bun", "client/cli/main.ts"],
  "build-sixfold": ["deno", "scripts/build_sixfold.ts"],
  faults: ["deno", "scripts/faults.ts"],
  hostile: ["deno", "scripts/hostile.ts"],
  backup: ["deno", "scripts/backup.ts"],
  rebuild: ["deno", "scripts/rebuild_list.ts"],
  docs: ["deno", "scripts/docs_run.ts"],
  chaos: ["deno", "scripts/chaos.ts"],
  patroni: ["deno", "scripts/patroni.ts"],
  kernel: ["deno", "scripts/build-kernel.ts"],
  console: ["deno", "scripts/build-console.ts"],
  settings: ["deno", "tests/configuration_page.ts"],
};

/** npm's own record of an install is older than the lock file, or missing. */
function installIsStale() {
  const record = join(modules, ".package-lock.json");
  return !existsSync(record) || statSync(record).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs;
}

/**
 * The runtime's executable inside its platform package. The launchers beside it depend on install scripts, which npm
 * may have been told not to run.
 * @param {"@deno" | "@oven"} scope
 * @param {string} name
 */
function executable(scope, name) {
  // Bun's install script, where it ran, has moved the executable into the package of the launcher.
  const moved = join(modules, name, "bin", `${name}.exe`);
  if (existsSync(moved) && statSync(moved).size > 1_000_000) return moved;
  const folder = join(modules, scope);
  const platforms = existsSync(folder) ? readdirSync(folder) : [];
  const found = platforms
    .flatMap((platform) => [join(folder, platform, name), join(folder, platform, "bin", name)])
    .filter((path) => existsSync(path));
  // Debian's npm is one of those that install what is for other C libraries, too.
  const [right = found[0]] = found.length > 1
    ? found.filter((path) => spawnSync(path, ["--version"]).status === 0)
    : [];
  if (right !== undefined) return right;
  throw new Error(`no ${name} for ${process.platform}-${process.arch} in ${folder}; remove node_modules and try again`);
}

const [name = "", ...args] = process.argv.slice(2);
const program = programs[name];
if (!program) {
  console.error(`unknown program "${name}"; there are: ${Object.keys(programs).join(", ")}`);
  process.exit(2);
}
if (installIsStale()) {
  const installed = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: root, stdio: "inherit" });
  if (installed.status !== 0) process.exit(installed.status ?? 1);
}
const deno = executable("@deno", "deno");
const bun = executable("@oven", "bun");
const [runtime, file] = program;
const flags = name === "gateway" ? gatewayFlags(root, process.env) : ["-A", "--no-check", "--no-prompt"];
const command = runtime === "deno" ? [deno, "run", ...flags] : [bun, "run"];
const child = spawn(command[0] ?? deno, [...command.slice(1), join(root, file), ...args], {
  // What users name on the command's line lies where they are, which npm remembers.
  cwd: name.endsWith("sixfold") ? (process.env.INIT_CWD ?? process.cwd()) : root,
  stdio: "inherit",
  env: { ...process.env, SIXFOLD_DENO: deno, SIXFOLD_BUN: bun, DENO_NO_UPDATE_CHECK: "1" },
});
// A signal to npm or to this process alone has to be handed on. Ctrl-C reaches the child twice, which does no harm.
// package.json's `exec` leaves no shell between npm and here: a shell would die of Ctrl-C, and npm tell of that.
for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT", "SIGHUP"])) {
  process.on(signal, () => child.kill(signal));
}
// npm that is killed tells nobody: its place as the parent is taken by another process.
if (process.env.npm_lifecycle_event !== undefined) {
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && child.kill("SIGTERM"), 500);
}
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
