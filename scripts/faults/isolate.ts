/**
 * Runs a program again in namespaces of its own: its mounts, its packet filter and its processes then end with it,
 * however it ends, and nothing of this machine is changed.
 */
import { lookForAll } from "./needs.ts";

const INSIDE = "SIXFOLD_FAULTS_INSIDE";
const FLAGS = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

/**
 * Returns only where the program is to do its work: inside, or where namespaces cannot be had. Otherwise ends this process
 * with the exit code of the one inside.
 */
export async function isolate(script: string): Promise<void> {
  if (Deno.env.has(INSIDE) || Deno.build.os !== "linux" || Deno.uid() !== 0) return;
  await lookForAll();
  const command = [Deno.execPath(), "run", "-A", "--no-check", "--no-prompt", script, ...Deno.args];
  const probe = await new Deno.Command("unshare", { args: [...FLAGS, "true"], stdout: "null", stderr: "null" }).output()
    .catch(() => undefined);
  if (!probe?.success) return;
  const scratch = await Deno.makeTempDir({ prefix: "sixfold faults-" });
  await Deno.chmod(scratch, 0o755);
  const child = new Deno.Command("unshare", {
    args: [...FLAGS, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...command],
    env: { [INSIDE]: "1", TMPDIR: scratch },
    stdin: "null",
  }).spawn();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => child.kill("SIGKILL"));
  }
  const { code } = await child.status;
  await Deno.remove(scratch, { recursive: true });
  Deno.exit(code);
}
