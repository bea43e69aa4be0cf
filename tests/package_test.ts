import assert from "node:assert/strict";
import { ROOT } from "../scripts/programs.ts";
import { TestCluster } from "./cluster.ts";

const text = new TextDecoder();

async function run(cwd: string, command: string, args: readonly string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(command, { cwd, args: [...args], env }).output();
  assert.equal(code, 0, `${command} ${args.join(" ")}: ${text.decode(stderr)}${text.decode(stdout)}`);
  return text.decode(stdout);
}

Deno.test("what is published works where nothing else of the project is", async (t) => {
  await using cluster = await TestCluster.start(3);
  const gateway = await cluster.addGateway();
  const folder = await Deno.makeTempDir({ prefix: "sixfold package-" });
  try {
    await t.step("npm's package in a plain Node project: the SDK, its types, the command", async () => {
      const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
      await run(`${ROOT}client`, "npm", ["pack", "--silent", "--pack-destination", folder]);
      await Deno.writeTextFile(`${folder}/package.json`, '{ "name": "user", "private": true, "type": "module" }');
      const [tarball = ""] = (await Array.fromAsync(Deno.readDir(folder))).flatMap(({ name }) =>
        name.endsWith(".tgz") ? [name] : []
      );
      await run(folder, "npm", ["install", ...quiet, `./${tarball}`]);
      await Deno.copyFile(`${ROOT}client/examples/sdk.mjs`, `${folder}/sdk.mjs`);
      const said = await run(folder, "node", ["sdk.mjs", gateway]);
      assert.equal(said, "sdk/film.bin 20000000\n20000000 true\nnot_found\n");
      // The page of the package shows the same.
      const page = await Deno.readTextFile(`${folder}/node_modules/sixfold/README.md`);
      const shown = /```js\n([^]*?)```/.exec(page)?.[1]?.replace("http://127.0.0.1:8080", gateway) ?? "";
      await Deno.writeTextFile(`${folder}/shown.mjs`, shown);
      assert.equal(await run(folder, "node", ["shown.mjs"]), "hello\nhello.txt 5\n");

      await Deno.writeTextFile(
        `${folder}/typed.ts`,
        'import { createClient, type StoredFile } from "sixfold";\n' +
          `const client = createClient({ gateways: "${gateway}" });\n` +
          'export const file: Promise<StoredFile> = client.stat("demo", "hello.txt");\n' +
          "// @ts-expect-error a key is a text\nclient.stat(1, 2);\n",
      );
      const flags = ["--noEmit", "--strict", "--module", "nodenext", "--lib", "esnext,dom", "--types", "", "typed.ts"];
      await run(folder, `${ROOT}node_modules/.bin/tsc`, flags);

      const env = { SIXFOLD_GATEWAY: gateway, XDG_STATE_HOME: folder };
      await run(folder, "npx", ["--offline", "sixfold", "put", "sdk.mjs", "demo/"], env);
      const same = await run(folder, "node_modules/.bin/sixfold", ["cat", "demo/sdk.mjs"], env);
      assert.equal(same, await Deno.readTextFile(`${folder}/sdk.mjs`));

      // So many at once that Node would warn of too many listeners.
      await Deno.mkdir(`${folder}/many`);
      for (let i = 0; i < 40; i++) await Deno.writeTextFile(`${folder}/many/${i}`, `${i}`);
      const sync = ["node_modules/sixfold/dist/client/cli/main.js", "sync", "many", "sf://demo/many"];
      const { stderr } = await new Deno.Command("node", { args: sync, cwd: folder, env }).output();
      assert.equal(text.decode(stderr), "");
    });

    await t.step("the command as one file", async () => {
      const binary = `${folder}/one-file`;
      await run(ROOT, Deno.execPath(), ["run", "-A", "--no-check", `${ROOT}scripts/build_sixfold.ts`, binary]);
      assert.match(await run(folder, binary, ["ls", "demo"], { SIXFOLD_GATEWAY: gateway }), /hello\.txt/);
    });

    await t.step("JSR takes it", async () => {
      await run(ROOT, Deno.execPath(), ["publish", "--dry-run", "--allow-dirty", "--quiet"]);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
