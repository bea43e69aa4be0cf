/** Programs of tests for other platforms. */
import { ROOT } from "../scripts/programs.ts";

/** A program of tests/clients as one script for its platform. */
export async function bundle(name: string, target: "browser" | "node", minify = false): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", {
    args: ["build", `${ROOT}${name}`, "--target", target, "--format", "esm", ...(minify ? ["--minify"] : [])],
    cwd: ROOT,
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  return text.decode(stdout);
}
