import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "./load_client.ts";
import { goodRates, median, secondsUntilBack } from "./rates.ts";

test("answers are counted in the window in which they came, and only good ones", () => {
  const samples: Sample[] = [[0, 1900, 200], [1900, 200, 201], [2500, 10, 200], [2500, 10, 503], [3990, 20, 200]];
  assert.deepEqual(goodRates(samples, 0, 4), [0.5, 1]);
  assert.deepEqual(goodRates(samples, 2, 5), [1]);
});

test("one bad window does not change what is usual, and a load that never comes back is told", () => {
  assert.equal(median([70, 5, 72, 71, 69]), 70);
  assert.equal(median([]), 0);
  assert.equal(secondsUntilBack([10, 60, 65, 5], 70), 6);
  assert.equal(secondsUntilBack([10, 20], 70), Infinity);
});
