import assert from "node:assert/strict";
import { test } from "node:test";
import { humanSize, table } from "./human.ts";
import { fileOf, placeOf } from "./place.ts";

test("places", () => {
  assert.deepEqual(placeOf("demo"), { bucket: "demo", key: "" });
  assert.deepEqual(placeOf("sf://demo/a/b c"), { bucket: "demo", key: "a/b c" });
  for (const text of ["", "/x", "sf://"]) assert.throws(() => placeOf(text), { code: "invalid_argument" });
  for (const text of ["demo", "demo/", "demo/a/"]) assert.throws(() => fileOf(text), { code: "invalid_argument" });
});

test("sizes and tables", () => {
  assert.deepEqual([0, 999, 1024, 1_500_000, 120 * 2 ** 20, 5 * 2 ** 40].map(humanSize), [
    "0 B",
    "999 B",
    "1.0 KiB",
    "1.4 MiB",
    "120 MiB",
    "5.0 TiB",
  ]);
  assert.equal(table([["size", "key"], ["10 B", "a"], ["1.0 KiB", "b"]]), "size     key\n   10 B  a\n1.0 KiB  b");
});
