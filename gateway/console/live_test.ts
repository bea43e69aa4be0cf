import assert from "node:assert/strict";
import { test } from "node:test";
import { roundTop } from "./live.ts";

test("the top of a chart is a round number above all values", () => {
  assert.deepEqual([[], [3], [0.4, 120], [1000]].map((values) => roundTop(values, 1)), [1, 5, 200, 1000]);
  assert.equal(roundTop([3000], 1024), 5 * 1024);
});
