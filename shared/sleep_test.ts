import assert from "node:assert/strict";
import { test } from "node:test";
import { sleep } from "./sleep.ts";

test("a sleep ends by its time, or at once when the signal aborts or has aborted", async () => {
  const stop = new AbortController();
  await sleep(1, stop.signal);
  const began = performance.now();
  const long = sleep(60_000, stop.signal);
  stop.abort();
  await long;
  await sleep(60_000, stop.signal);
  assert.ok(performance.now() - began < 30_000);
});
