import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSmall } from "./small_file.ts";

test("a small file is its bytes, a larger one is not, and what is none is an error that says so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sixfold-"));
  try {
    for (const length of [0, 1, 4096, 65_536, 65_537]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      await writeFile(join(folder, "a"), bytes);
      const read = readSmall(join(folder, "a"));
      assert.deepEqual(read, length > 65_536 ? undefined : bytes);
    }
    assert.throws(() => readSmall(join(folder, "none")), { code: "not_found" });
    assert.throws(() => readSmall(folder), { code: "already_exists" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
