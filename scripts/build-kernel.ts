/** Compiles shared/kernel/erasure.ts to wasm and writes it, as text that both runtimes import, to shared/gen. */
import asc from "assemblyscript/asc";
import { fromFileUrl } from "./paths.ts";

const root = fromFileUrl(new URL("..", import.meta.url));

/** The module `shared/gen/erasure_kernel.ts` as it should be. */
export async function buildKernel(): Promise<string> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ["kernel.ts", "-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--importMemory", "-o", "kernel.wasm"],
    {
      readFile: (name: string) =>
        name === "kernel.ts" ? Deno.readTextFileSync(`${root}shared/kernel/erasure.ts`) : null,
      writeFile: (name: string, contents: string | Uint8Array) => {
        if (name === "kernel.wasm" && typeof contents !== "string") binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(stderr.toString());
  const text = btoa(String.fromCharCode(...binary)).replace(/.{100}/g, '$&" +\n  "');
  return `// Generated from shared/kernel/erasure.ts by \`npm run generate\`. DO NOT EDIT.\n` +
    `/** The wasm module, base64. */\nexport const ERASURE_KERNEL = "${text}";\n`;
}

if (import.meta.main) await Deno.writeTextFile(`${root}shared/gen/erasure_kernel.ts`, await buildKernel());
