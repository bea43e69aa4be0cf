/**
 * `npm run load -- mixed`: a k6 script, on a cluster of its own or on one that the environment names. With `--rolling` all
 * daemons of its own cluster, which wants a key, are restarted in turn meanwhile; with `--from COMMIT`, the cluster is one
 * of that commit's code which is being replaced.
 */
import { parseArgs } from "node:util";
import { withCommit } from "./bench/commit.ts";
import { TOKEN, withCluster } from "./local_cluster.ts";
import { ROOT } from "./programs.ts";
import { rollDaemons } from "./rolling_restart.ts";
import { goTool } from "./tools.ts";

/** The k6 that is built where none is found. */
export const K6 = ["k6", ["version"], "go.k6.io/k6@v1.8.1"] as const;

/** What `npm run load` runs without a name, and the gate for a few seconds. */
export const SHORT = ["smoke", "hop"] as const;

/** All scripts by name. */
export const LOADS = [
  ...SHORT,
  "upload",
  "download",
  "mixed",
  "small",
  "spike",
  "soak",
  "breakpoint",
] as const;

/** What opens a cluster whose daemons are restarted. */
const KEY = `sixfold_0123456789abcdef_${"A".repeat(43)}`;

/** Where reports lie, below the project's root. */
const REPORTS = ".load";

/** A script's name. */
export type Load = typeof LOADS[number];

/** Runs scripts one after another, as long as the thresholds hold. @returns whether all did */
async function run(k6: string, loads: readonly Load[], env: Record<string, string>): Promise<boolean> {
  await Deno.mkdir(`${ROOT}${REPORTS}`, { recursive: true });
  for (const load of loads) {
    const report = `${ROOT}${REPORTS}/${load}.html`;
    const args = ["run", "--quiet", "--no-usage-report", `${ROOT}load-tests/${load}.js`];
    const { success } = await new Deno.Command(k6, {
      args,
      env: { REPORT: report, ...env },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (!(SHORT as readonly string[]).includes(load)) console.log(`report: ${report}`);
    if (!success) return false;
  }
  return true;
}

/** Runs scripts on a cluster of their own. @param duration of each, as k6 writes it; without one, each has its own */
export async function loadOwnCluster(k6: string, loads: readonly Load[], duration?: string): Promise<boolean> {
  return await withCluster({ daemons: 6 }, async ({ cluster, url }) => {
    const env = { SIXFOLD_URL: url, SIXFOLD_DAEMON: cluster.daemons[0]?.grpc ?? "", SIXFOLD_CLUSTER_TOKEN: TOKEN };
    return await run(k6, loads, duration === undefined ? env : { ...env, DURATION: duration });
  });
}

/**
 * Runs scripts on a cluster of their own, with an API key, while its daemons are restarted.
 * @param old the folder of earlier code, with which the cluster begins: a gateway of now joins the one that is there, half
 * of the load goes to each, and daemons come back as those of now
 * @returns whether all is well
 */
async function loadWhileRolling(k6: string, loads: readonly Load[], duration?: string, old?: string): Promise<boolean> {
  const gateway = { SIXFOLD_ADMIN_KEY: KEY, SIXFOLD_KEY_RATE: "100000" };
  const code = old === undefined ? {} : { code: { root: old } };
  return await withCluster({ daemons: 6, gateway, ...code }, async ({ cluster, url }) => {
    const env = { SIXFOLD_KEY: KEY, ...(duration === undefined ? {} : { DURATION: duration }) };
    const halves: Record<string, string>[] = [{ SIXFOLD_URL: url }];
    if (old !== undefined) {
      cluster.code = undefined;
      Object.assign(halves[0] ?? {}, { REPORT: "", VUS: "10" });
      halves.push({ SIXFOLD_URL: await cluster.addGateway(gateway), VUS: "10" });
    }
    const over = new AbortController();
    const load = Promise.all(halves.map((half) => run(k6, loads, { ...env, ...half }))).finally(() => over.abort());
    const [held, restarts] = await Promise.all([load, rollDaemons(cluster, url, over.signal)]);
    console.log(`${restarts} restarts`);
    return held.every(Boolean);
  });
}

/**
 * Which scripts are meant.
 * @throws Error that says which there are
 */
export function loadsNamed(names: readonly string[]): readonly Load[] {
  if (names.length === 0) return SHORT;
  return names.map((name) => {
    const load = LOADS.find((known) => known === name);
    if (load === undefined) throw new Error(`there is no load "${name}"; there are: ${LOADS.join(", ")}`);
    return load;
  });
}

async function main(): Promise<boolean> {
  const { values: { rolling, from }, positionals } = parseArgs({
    args: Deno.args,
    options: { rolling: { type: "boolean", default: false }, from: { type: "string" } },
    allowPositionals: true,
  });
  const loads = loadsNamed(positionals);
  const k6 = await goTool(...K6);
  if (k6 === undefined) return false;
  const duration = Deno.env.get("DURATION");
  if (from !== undefined) return await withCommit(from, (old) => loadWhileRolling(k6, loads, duration, old));
  if (rolling) return await loadWhileRolling(k6, loads, duration);
  if (!Deno.env.has("SIXFOLD_URL")) return await loadOwnCluster(k6, loads, duration);
  const daemon = Deno.env.has("SIXFOLD_DAEMON") && Deno.env.has("SIXFOLD_CLUSTER_TOKEN");
  if (!daemon && loads.includes("hop")) console.log("hop is left out: set SIXFOLD_DAEMON and SIXFOLD_CLUSTER_TOKEN");
  return await run(k6, loads.filter((load) => load !== "hop" || daemon), {});
}

if (import.meta.main) {
  try {
    Deno.exit(await main() ? 0 : 1);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(2);
  }
}
