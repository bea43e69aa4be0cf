/** The `sixfold` command as the large runs start it. */
import { ROOT } from "../programs.ts";

const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";

/** Where it runs. */
export type Runtime = "node" | "bun";

/** The command as one script, for any runtime. @returns its path in the folder */
export async function bundleCommand(folder: string): Promise<string> {
  const path = `${folder}/sixfold.mjs`;
  const args = ["build", `${ROOT}client/cli/main.ts`, "--target", "node", "--format", "esm", "--outfile", path];
  const { success, stderr } = await new Deno.Command(bun, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
}

/** Starts the command; its state lies in the folder, too. */
export function startCommand(
  runtime: Runtime,
  script: string,
  folder: string,
  gateways: string,
  args: readonly string[],
) {
  return new Deno.Command(runtime === "node" ? "node" : bun, {
    args: [script, ...args],
    env: { SIXFOLD_GATEWAY: gateways, XDG_STATE_HOME: folder, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for its end. @returns what it wrote @throws Error where it failed */
export async function ended(command: Deno.ChildProcess): Promise<string> {
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`sixfold ended with ${code}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}
