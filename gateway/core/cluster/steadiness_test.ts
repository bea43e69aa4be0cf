import assert from "node:assert/strict";
import { test } from "node:test";
import { Steadiness } from "./steadiness.ts";

function setUp() {
  const time = { now: 1000 };
  const steadiness = new Steadiness(() => time.now);
  /** Waits, asks, and is answered after so long. */
  const ask = async (waits: number, takes = 1, fails = false) => {
    time.now += waits;
    await steadiness.note(() => {
      time.now += takes;
      return fails ? Promise.reject(new Error("away")) : Promise.resolve();
    }).catch(() => {});
    return steadiness.ms;
  };
  return { ask, time, steadiness };
}

test("it grows with every prompt answer", async () => {
  const { ask } = setUp();
  assert.equal(await ask(0), 0);
  assert.equal(await ask(5000), 5001);
  assert.equal(await ask(5000), 10_002);
});

test("an error, a late answer, and a time without questions begin it anew", async () => {
  for (const [waits, takes, fails] of [[5000, 1, true], [5000, 3000, false], [40_000, 1, false]] as const) {
    const { ask } = setUp();
    await ask(0);
    await ask(10_000);
    assert.equal(await ask(waits, takes, fails), 0);
    const first = await ask(5000);
    assert.ok(first <= 5001, String(first));
  }
});

test("an answer of long ago says nothing of now", async () => {
  const { ask, time, steadiness } = setUp();
  await ask(0);
  await ask(10_000);
  time.now += 20_000;
  assert.equal(steadiness.ms, 0);
});
