import assert from "node:assert/strict";
import { createLogger } from "../../shared/logger.ts";
import { sleep } from "../../shared/sleep.ts";
import { Runner } from "./runner.ts";

const quiet = createLogger("error", () => {});

Deno.test("work goes on at once while there is some, then waits, and is woken", async () => {
  const runner = new Runner(quiet);
  const left = [3, 2, 1];
  let steps = 0;
  runner.start({
    name: "sweep",
    everySeconds: 3600,
    step: () => {
      steps++;
      return Promise.resolve(left.shift() ?? 0);
    },
  });
  await sleep(10);
  assert.equal(steps, 4);
  left.push(5);
  runner.wake("sweep");
  await sleep(10);
  assert.equal(steps, 6);
  const [status] = runner.statuses;
  assert.equal(status?.done, 11);
  assert.ok(status.lastStart && status.lastEnd && status.lastStart <= status.lastEnd);
  await runner.stop();
});

Deno.test("steps of one lane never overlap; lanes do", async () => {
  for (const lanes of [1, 3]) {
    const runner = new Runner(quiet);
    let most = 0;
    runner.start({
      name: "copy",
      everySeconds: 0.001,
      lanes,
      step: async () => {
        most = Math.max(most, runner.statuses[0]?.running ?? 0);
        await sleep(3);
        return 1;
      },
    });
    await sleep(30);
    await runner.stop();
    assert.equal(most, lanes);
  }
});

Deno.test("a failure is told, waited after, and forgotten after a success; the end is prompt", async () => {
  const runner = new Runner(quiet);
  let fails = true;
  runner.start({
    name: "repair",
    everySeconds: 3600,
    step: async (signal) => {
      if (fails) throw new Error("no disk");
      await sleep(60_000, signal);
      return 0;
    },
  });
  await sleep(10);
  assert.equal(runner.statuses[0]?.lastError, "no disk");
  assert.equal(runner.statuses[0]?.failures, 1);
  fails = false;
  runner.wake("repair");
  await sleep(10);
  const began = performance.now();
  await runner.stop();
  assert.ok(performance.now() - began < 1000);
  assert.equal(runner.statuses[0]?.lastError, undefined);
});
