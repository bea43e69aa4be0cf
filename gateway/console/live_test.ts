import assert from "node:assert/strict";
import { test } from "node:test";
import { linePath, roundTop } from "./live.ts";

test("the newest value is at the right end, the highest at the top", () => {
  assert.equal(linePath([], 10, 590, 40), "");
  assert.equal(linePath([0, 10, 5], 10, 590, 40), "M570.0 40.0L580.0 0.0L590.0 20.0");
});

test("the top of a chart is a round number above all values", () => {
  assert.deepEqual([[], [3], [0.4, 120], [1000]].map((values) => roundTop(values, 1)), [1, 5, 200, 1000]);
  assert.equal(roundTop([3000], 1024), 5 * 1024);
});
