import assert from "node:assert/strict";
import { test } from "node:test";
import { readLines, writeLines } from "./backup_file.ts";

async function* lines(count: number, fail = false): AsyncGenerator<string> {
  for (let i = 0; i < count; i++) yield `${i} ${"ö".repeat(i % 1000)}`;
  if (fail) throw new Error("the database is away");
}

test("lines come back as they were, a file that is cut short is no file, and one that fails leaves the one before", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/backup`;
  try {
    for (const count of [1, 2000]) {
      await writeLines(path, lines(count));
      assert.deepEqual(await Array.fromAsync(readLines(path)), await Array.fromAsync(lines(count)));
    }
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    await assert.rejects(writeLines(path, lines(5000, true)), /away/);
    assert.equal((await Array.fromAsync(readLines(path))).length, 2000);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).length, 1);
    await Deno.truncate(path, (await Deno.stat(path)).size - 1);
    await assert.rejects(Array.fromAsync(readLines(path)), TypeError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
