import assert from "node:assert/strict";
import { Throttle } from "./throttle.ts";

const never = new AbortController().signal;

Deno.test("takers share one rate; without a limit nobody waits", async () => {
  const throttle = new Throttle(1_000_000);
  const began = performance.now();
  await Promise.all(Array.from({ length: 6 }, () => throttle.take(20_000, never)));
  assert.ok(performance.now() - began >= 95);
  assert.equal(throttle.total, 120_000);
  assert.ok(throttle.rate > 0 && throttle.rate <= 120_000);
  const free = new Throttle(0);
  const start = performance.now();
  for (let i = 0; i < 100; i++) await free.take(1e9, never);
  assert.ok(performance.now() - start < 90);
});

Deno.test("a signal ends the wait", async () => {
  const throttle = new Throttle(1);
  await throttle.take(60, never);
  await assert.rejects(throttle.take(1, AbortSignal.timeout(10)));
});
