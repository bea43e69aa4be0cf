import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT } from "./programs.ts";

/** Where Deno and Bun are found, in a project whose packages npm has installed like this. */
async function runs(packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "sixfold run-" });
  try {
    await Deno.mkdir(`${folder}/scripts`);
    for (const name of ["run.mjs", "gateway_flags.mjs"]) {
      await Deno.copyFile(`${ROOT}scripts/${name}`, `${folder}/scripts/${name}`);
    }
    await Deno.writeTextFile(`${folder}/package-lock.json`, "{}");
    for (const [path, script] of Object.entries(packages)) {
      const file = `${folder}/node_modules/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    await Deno.writeTextFile(`${folder}/node_modules/.package-lock.json`, "{}");
    const { stdout, stderr } = await new Deno.Command("node", { args: [`${folder}/scripts/run.mjs`, "daemon"] })
      .output();
    return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const deno = { "@deno/linux-x64-glibc/deno": "echo deno" };
const large = `echo moved; exit\n${"#".repeat(1_000_000)}`;

test("of runtimes for several C libraries, the one that runs here is taken", async () => {
  const musl = { "@oven/bun-linux-x64-musl/bin/bun": "exit 127" };
  assert.equal(await runs({ ...deno, ...musl, "@oven/bun-linux-x64/bin/bun": "echo glibc" }), "glibc");
  assert.equal(await runs({ ...deno, ...musl, "bun/bin/bun.exe": large }), "moved");
  assert.equal(await runs({ ...deno, "@oven/bun-linux-x64/bin/bun": "echo the only one" }), "the only one");
  assert.match(await runs(deno), /no bun for .* remove node_modules and try again/);
});
