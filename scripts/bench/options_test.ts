import assert from "node:assert/strict";
import { readOptions } from "./options.ts";

Deno.test("the defaults, sizes, and what a comparison changes", () => {
  const plain = readOptions([]);
  assert.deepEqual([plain.total, plain.hops, plain.rounds], [1024 ** 3, ["web", "grpc"], 1]);
  const other = readOptions(["--bytes", "256M", "--compare", "HEAD~1", "--hop", "web", "--only", "4 KiB"]);
  assert.deepEqual([other.total, other.rounds, other.compare, other.only], [256 * 1024 ** 2, 3, "HEAD~1", "4 KiB"]);
  assert.deepEqual([readOptions(["--traces"]).traces, readOptions(["--traces"]).rounds], [true, 10]);
  for (const bad of [["--bytes", "1"], ["--rounds", "0"], ["--gateways", "1.5"], ["--fast"]]) {
    assert.throws(() => readOptions(bad), /npm run bench/);
  }
});
