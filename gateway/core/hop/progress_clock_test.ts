import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "../../../shared/errors.ts";
import { isTooLate, ProgressClock } from "./progress_clock.ts";

const never = new AbortController().signal;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("two seconds without a step end the call, and the error says why", async () => {
  const clock = new ProgressClock(never);
  clock.start();
  await wait(1500);
  clock.start();
  await wait(1500);
  assert.equal(clock.signal.aborted, false);
  clock.pause();
  await wait(1000);
  assert.equal(clock.signal.aborted, false);
  clock.start();
  await new Promise((resolve) => clock.signal.addEventListener("abort", resolve));
  const error = clock.explain(new Error("cut"));
  assert.equal(error.code, "unavailable");
  assert.ok(isTooLate(error));
  assert.equal(isTooLate(new SixfoldError("unavailable", "broken")), false);
  clock.stop();
});

test("a hint comes whenever nothing came for so long, and none without need", async () => {
  let hints = 0;
  const clock = new ProgressClock(never, { afterMs: 50, hear: () => hints++ });
  for (let i = 0; i < 10; i++) {
    clock.start();
    await wait(10);
  }
  assert.equal(hints, 0);
  assert.ok((clock.firstStep ?? 0) >= 9);
  await wait(140);
  assert.ok(hints >= 1);
  clock.stop();
});

test("a process that stood still does not take it for the other side's fault", async () => {
  const clock = new ProgressClock(never);
  clock.start();
  await wait(10);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2700);
  await wait(100);
  assert.equal(clock.signal.aborted, false);
  clock.stop();
});
