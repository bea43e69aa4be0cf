import assert from "node:assert/strict";
import { test } from "node:test";
import { BELIEVED_MS, Fresh } from "./fresh.ts";

test("a value is read once for all who ask, anew behind their backs, and waited for when it has grown old", async () => {
  let now = 0;
  let reads = 0;
  let fails = false;
  const read = () => (reads++, fails ? Promise.reject(new Error("away")) : Promise.resolve(reads));
  const fresh = new Fresh(read, () => now);
  assert.deepEqual(await Promise.all([fresh.get(), fresh.get()]), [1, 1]);
  now = BELIEVED_MS - 1;
  assert.equal(await fresh.get(), 1);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(await fresh.get(), 2);
  fails = true;
  now += BELIEVED_MS - 1;
  assert.equal(await fresh.get(), 2);
  await new Promise((resolve) => setTimeout(resolve));
  now += 1;
  await assert.rejects(fresh.get(), /away/);
  fails = false;
  assert.equal(await fresh.get(), 5);
});
