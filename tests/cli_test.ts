import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { commandIn } from "./clients/command.ts";
import { pattern } from "./clients/sdk_suite.ts";
import { TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;

/** The bytes of every file below a folder, by their paths. */
async function digests(folder: string, prefix = ""): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) { for (const [key, value] of await digests(path, `${prefix}${name}/`)) found.set(key, value); }
    else found.set(prefix + name, createHash("sha256").update(await Deno.readFile(path)).digest("hex"));
  }
  return new Map([...found].sort());
}

Deno.test("the command", async (t) => {
  await using cluster = await TestCluster.start(3);
  const gateway = await cluster.addGateway();
  const folder = await Deno.makeTempDir({ prefix: "sixfold cli-" });
  const { start, ok } = commandIn(folder, gateway);
  try {
    await Deno.writeTextFile(`${folder}/a.txt`, "hello");
    await Deno.writeFile(`${folder}/big.bin`, pattern(12 * MIB));

    await t.step("put, get, cat, ls, stat, rm, undelete", async () => {
      await ok("put", "a.txt", "demo/");
      await ok("put", "big.bin", "demo/dir/");
      await ok("get", "demo/dir/big.bin", "back.bin");
      assert.deepEqual(await Deno.readFile(`${folder}/back.bin`), await Deno.readFile(`${folder}/big.bin`));
      assert.equal(await ok("cat", "demo/a.txt", "--offset", "1", "--length", "3"), "ell");
      assert.match(await ok("ls", "demo"), /a\.txt\n +dir\/\n/);
      assert.equal(JSON.parse(await ok("stat", "demo/a.txt", "--json")).contentType, "text/plain");
      assert.match(await ok("stat", "demo/a.txt"), /\nsize {9}5\n/);
      for (const command of ["servers", "ring", "doctor"]) await ok(command);
      assert.equal(await ok("cp", "sf://demo/dir/big.bin", "sf://demo/dir/twin/"), "copied 1 files (12 MiB)\n");
      assert.match(await ok("cp", "-r", "sf://demo/dir", "sf://demo/dir/in"), /copied 2 files/);
      assert.match(await ok("ls", "-r", "demo/dir/in"), /big\.bin\n.*twin\/big\.bin\n/s);
      assert.match(await ok("locate", "demo/dir/big.bin"), /segment 0/);
      await ok("rm", "demo/a.txt");
      assert.equal(await ok("undelete", "demo/a.txt"), "brought back demo/a.txt\n");
      assert.equal(await ok("cat", "demo/a.txt"), "hello");
    });

    await t.step("a tree up and down is identical, the second time nothing is sent, and --delete removes", async () => {
      for (let i = 0; i < 300; i++) {
        await Deno.mkdir(`${folder}/tree/${i % 7}/x`, { recursive: true });
        await Deno.writeFile(`${folder}/tree/${i % 7}/x/file ${i}`, pattern(i * 17));
      }
      await Deno.writeFile(`${folder}/tree/large`, pattern(9 * MIB));
      assert.match(await ok("sync", "tree", "sf://demo/tree"), /sent 301 files/);
      assert.match(await ok("sync", "tree", "sf://demo/tree"), /sent 0 files .* 301 were the same/);
      assert.match(await ok("sync", "sf://demo/tree", "down"), /fetched 301 files/);
      assert.deepEqual(await digests(`${folder}/down`), await digests(`${folder}/tree`));
      assert.match(await ok("sync", "sf://demo/tree", "down"), /fetched 0 files/);
      // What killed downloads have left behind goes, but not what one may still be writing.
      const [left, fresh] = [`${folder}/down/1/x/a.0123abcd.sixfold`, `${folder}/down/1/x/b.0123abcd.sixfold`];
      for (const path of [left, fresh]) await Deno.writeTextFile(path, "half of");
      await Deno.utime(left, new Date(0), Date.now() / 1000 - 3600);
      assert.match(await ok("sync", "sf://demo/tree", "down"), /fetched 0 files/);
      await assert.rejects(Deno.stat(left), Deno.errors.NotFound);
      await Deno.remove(fresh);
      await Deno.remove(`${folder}/tree/large`);
      assert.equal(await ok("sync", "-n", "--delete", "tree", "sf://demo/tree"), "would remove large\n");
      assert.match(await ok("sync", "--delete", "tree", "sf://demo/tree"), /sent 0 files .* removed 1/);
      assert.match(await ok("sync", "--delete", "sf://demo/tree", "down"), /removed 1/);
      assert.deepEqual(await digests(`${folder}/down`), await digests(`${folder}/tree`));
    });

    await t.step("an upload that was killed goes on where it was", async () => {
      await Deno.writeFile(`${folder}/film`, pattern(128 * MIB));
      const killed = start("put", "film", "demo/film").spawn();
      const state = `${folder}/state/sixfold/uploads`;
      const received = async () => {
        const entries = await Array.fromAsync(Deno.readDir(state)).catch(() => []);
        // It is written under another name first, which is gone the next moment.
        const id = entries[0] && await Deno.readTextFile(`${state}/${entries[0].name}`).catch(() => "");
        return id ? (await (await fetch(`${gateway}/v1/uploads/${id}`)).json()).received : 0;
      };
      for (let i = 0; i < 1000 && await received() < 12 * MIB; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      killed.kill("SIGKILL");
      await killed.output();
      const before = await received();
      assert.ok(before >= 12 * MIB && before < 128 * MIB, `${before}`);
      await ok("put", "film", "demo/film");
      await ok("get", "demo/film", "film.back");
      assert.deepEqual(await Deno.readFile(`${folder}/film.back`), await Deno.readFile(`${folder}/film`));
      assert.deepEqual(await Array.fromAsync(Deno.readDir(state)), []);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
