import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { saveTo } from "../save.ts";
import { readSmall, saveSmall } from "./small_file.ts";

test("a small file is its bytes, also when it has changed its size, and what is none is an error that says so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sixfold-"));
  try {
    for (const length of [0, 1, 4096, 65_536]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      await writeFile(join(folder, "a"), bytes);
      for (const size of [length, length + 1, length >> 1]) {
        assert.deepEqual(readSmall(join(folder, "a"), size), bytes.slice(0, size));
      }
    }
    assert.throws(() => readSmall(join(folder, "none"), 1), { code: "not_found" });
    assert.throws(() => readSmall(folder, 1), { code: "already_exists" });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("small bytes are saved whole with their time, in the place of what was there, or leave nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sixfold-"));
  try {
    const path = join(folder, "a");
    for (const length of [4096, 0]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      await saveSmall(path, bytes, new Date(1_700_000_000_123));
      assert.deepEqual(new Uint8Array(await readFile(path)), bytes);
      assert.equal(Math.round((await stat(path)).mtimeMs), 1_700_000_000_123);
    }
    await assert.rejects(saveSmall(join(path, "b"), new Uint8Array(1), new Date()), { code: "failed_precondition" });
    await assert.rejects(saveSmall(folder, new Uint8Array(1), new Date()), { code: "already_exists" });
    const lost = join(folder, "none", "a");
    const sentence = { code: "not_found", message: `there is no folder for ${lost}; make it first` };
    await assert.rejects(saveSmall(lost, new Uint8Array(1), new Date()), sentence);
    const piece = async function* () {
      yield new Uint8Array(1);
    };
    await assert.rejects(saveTo(lost, piece()), sentence);
    assert.deepEqual(await readdir(folder), ["a"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
