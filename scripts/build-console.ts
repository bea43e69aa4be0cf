/** Bundles gateway/console for browsers, with Bun's bundler, and writes it to gateway/gen, from where a gateway serves it. */
import { fromFileUrl } from "./paths.ts";

const root = fromFileUrl(new URL("..", import.meta.url));
const OUT = `${root}gateway/gen`;

/** The generated files by name, as they should be. */
export async function buildConsole(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, entry] of [["console.js", "main.tsx"], ["console.css", "style.css"]] as const) {
    const { success, stdout, stderr } = await new Deno.Command(Deno.env.get("SIXFOLD_BUN") ?? "bun", {
      args: ["build", `gateway/console/${entry}`, "--target=browser", "--format=esm", "--minify"],
      cwd: root,
    }).output();
    const text = new TextDecoder();
    if (!success) throw new Error(text.decode(stderr));
    files.set(name, text.decode(stdout));
  }
  return files;
}

if (import.meta.main) {
  await Deno.mkdir(OUT, { recursive: true });
  for (const [name, text] of await buildConsole()) await Deno.writeTextFile(`${OUT}/${name}`, text);
}
