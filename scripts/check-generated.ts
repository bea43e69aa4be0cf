/** Generates the code from proto/, the wasm kernel and the console's bundle anew and fails when what is committed differs. */
import { buildConsole } from "./build-console.ts";
import { buildKernel } from "./build-kernel.ts";
import { fromFileUrl } from "./paths.ts";

const root = fromFileUrl(new URL("..", import.meta.url));
const scratch = await Deno.makeTempDir({ prefix: "sixfold-gen-" });
try {
  const generated = await new Deno.Command(`${root}node_modules/.bin/buf`, {
    args: ["generate", "--output", `${scratch}/proto`],
    cwd: `${root}proto`,
    env: { PATH: `${root}node_modules/.bin:${Deno.env.get("PATH") ?? ""}` },
  }).output();
  if (!generated.success) throw new Error(new TextDecoder().decode(generated.stderr));
  for (const name of ["cluster_pb.ts", "files_pb.ts", "keys_pb.ts", "storage_pb.ts"]) {
    const fresh = await Deno.readTextFile(`${scratch}/shared/gen/sixfold/v1/${name}`);
    if (fresh !== await Deno.readTextFile(`${root}shared/gen/sixfold/v1/${name}`)) {
      throw new Error(`shared/gen/sixfold/v1/${name} is not what proto/ generates; run: npm run generate`);
    }
  }
  if (await buildKernel() !== await Deno.readTextFile(`${root}shared/gen/erasure_kernel.ts`)) {
    throw new Error("shared/gen/erasure_kernel.ts is not what shared/kernel/ compiles to; run: npm run generate");
  }
  for (const [name, text] of await buildConsole()) {
    if (text !== await Deno.readTextFile(`${root}gateway/gen/${name}`)) {
      throw new Error(`gateway/gen/${name} is not what gateway/console/ bundles to; run: npm run generate`);
    }
  }
} finally {
  await Deno.remove(scratch, { recursive: true });
}
