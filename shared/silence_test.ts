import assert from "node:assert/strict";
import { test } from "node:test";
import { silenceLimit } from "./silence.ts";

test("three heartbeats may be missing, and ten seconds are always allowed", () => {
  assert.deepEqual([200, 3000, 10_000, 60_000].map(silenceLimit), [10_000, 10_000, 30_000, 180_000]);
});
