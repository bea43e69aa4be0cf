import assert from "node:assert/strict";
import { test } from "node:test";
import { runWithin } from "./run_within.ts";

/** Items that take a while, and what ran beside each of them. */
function run(items: readonly number[], failing: (item: number) => boolean = () => false) {
  const limits = { bytes: 10, turns: 3 };
  const now = new Set<number>();
  const begun: number[] = [];
  let most = { bytes: 0, turns: 0 };
  const over = runWithin(limits, items, (item) => item, async (item) => {
    begun.push(item);
    now.add(item);
    const bytes = [...now].reduce((sum, size) => sum + Math.min(size, limits.bytes), 0);
    most = { bytes: Math.max(most.bytes, bytes), turns: Math.max(most.turns, now.size) };
    await new Promise((resolve) => setTimeout(resolve, item % 3));
    now.delete(item);
    if (failing(item)) throw new Error(`${item} failed`);
  });
  return { over: over.finally(() => assert.equal(now.size, 0)), begun, most: () => most };
}

test("all run in their order, as many as there is room for, and what is too large runs alone", async () => {
  const items = [1, 2, 3, 4, 20, 5, 6, 7, 30, 8];
  const { over, begun, most } = run(items);
  await over;
  assert.deepEqual(begun, items);
  assert.deepEqual(most(), { bytes: 10, turns: 3 });
  await run([]).over;
});

test("after one that failed none is begun, and those that run come to their end", async () => {
  const { over, begun } = run([1, 2, 3, 4, 5, 6, 7, 8], (item) => item >= 3);
  await assert.rejects(over, { message: "3 failed" });
  assert.ok(begun.length < 8, `${begun}`);
});
