/** `npm run load`: the k6 scripts, on a cluster of their own or on one that the environment names. */
import { TOKEN, withCluster } from "./local_cluster.ts";
import { ROOT } from "./programs.ts";
import { goTool } from "./tools.ts";

/** The k6 that is built where none is found. */
export const K6 = ["k6", ["version"], "go.k6.io/k6@v1.8.1"] as const;

/** Runs one script. @returns whether all its thresholds held */
export async function runK6(k6: string, script: string, env: Record<string, string>): Promise<boolean> {
  const args = ["run", "--quiet", "--no-usage-report", `${ROOT}load-tests/${script}`];
  const { success } = await new Deno.Command(k6, { args, env, stdin: "null", stdout: "inherit", stderr: "inherit" })
    .spawn().status;
  return success;
}

/** Runs both scripts on a cluster of its own. */
export async function loadOwnCluster(k6: string, duration: string): Promise<boolean> {
  return await withCluster({ daemons: 6 }, async ({ cluster, url }) => {
    const env = {
      SIXFOLD_URL: url,
      SIXFOLD_DAEMON: cluster.daemons[0]?.grpc ?? "",
      SIXFOLD_CLUSTER_TOKEN: TOKEN,
      DURATION: duration,
    };
    return await runK6(k6, "smoke.js", env) && await runK6(k6, "chunks.js", env);
  });
}

async function main(): Promise<boolean> {
  const k6 = await goTool(...K6);
  if (k6 === undefined) return false;
  if (!Deno.env.has("SIXFOLD_URL")) return await loadOwnCluster(k6, Deno.env.get("DURATION") ?? "15s");
  const whole = Deno.env.has("SIXFOLD_DAEMON") && Deno.env.has("SIXFOLD_CLUSTER_TOKEN");
  return await runK6(k6, "smoke.js", {}) && (!whole || await runK6(k6, "chunks.js", {}));
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
