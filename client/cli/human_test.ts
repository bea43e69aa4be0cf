import assert from "node:assert/strict";
import { test } from "node:test";
import { humanSize, humanTime } from "./human.ts";

test("sizes have two digits or more, and never an exponent", () => {
  const told = [0, 999, 1023, 1024, 1536, 99.4 * 1024, 99.7 * 1024, 1000 * 1024, 12_000_000, 120 * 1024 ** 3];
  const sizes = ["0 B", "999 B", "1.0 KiB", "1.0 KiB", "1.5 KiB", "99 KiB", "100 KiB", "0.98 MiB", "11 MiB", "120 GiB"];
  assert.deepEqual(told.map(humanSize), sizes);
  assert.deepEqual([NaN, 99.4, 150, 7200].map(humanTime), ["-", "99 s", "3 min", "2 h"]);
});
