/** Programs for the platforms that run no TypeScript, or not from this folder. */
import { ROOT } from "./programs.ts";

/** A program as one script for its platform. @param name below the project's root */
export async function bundle(name: string, target: "browser" | "node", minify = false): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", {
    args: ["build", `${ROOT}${name}`, "--target", target, "--format", "esm", ...(minify ? ["--minify"] : [])],
    cwd: ROOT,
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  return text.decode(stdout);
}
