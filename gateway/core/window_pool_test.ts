import assert from "node:assert/strict";
import { test } from "node:test";
import { WindowPool } from "./window_pool.ts";

const MIB = 1024 * 1024;
const never = new AbortController().signal;

test("windows are used again, and nobody overtakes a download that has begun", async () => {
  const pool = new WindowPool(10 * MIB);
  const first = await pool.take(4, MIB, never);
  assert.equal(pool.tryTake(1, MIB), undefined);
  const order: string[] = [];
  const large = pool.take(4, MIB, never, true).then((windows) => (order.push("large"), windows));
  const small = pool.take(1, MIB, never).then((windows) => (order.push("small"), windows));
  pool.give(first);
  const again = await large;
  assert.deepEqual(new Set(again.memory), new Set(first.memory));
  pool.give(again);
  pool.give(await small);
  assert.deepEqual(order, ["large", "small"]);
});

test("of those that have not begun, the newest comes first", async () => {
  const pool = new WindowPool(4 * MIB);
  const held = await pool.take(1, MIB, never);
  const order: string[] = [];
  const take = (name: string, begun: boolean) =>
    pool.take(1, MIB, never, begun).then((windows) => {
      order.push(name);
      setTimeout(() => pool.give(windows), 0);
    });
  const all = [take("old", false), take("new", false), take("begun", true)];
  assert.equal(pool.crowded, false);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(pool.crowded, true);
  pool.give(held);
  await Promise.all(all);
  assert.deepEqual(order, ["begun", "new", "old"]);
});

test("more than the budget is had alone, and who gives up waiting holds up nobody", async () => {
  const pool = new WindowPool(4 * MIB);
  const huge = await pool.take(4, 4 * MIB, never);
  assert.equal(huge.memory[3]?.length, 4 * MIB);
  const leaving = new AbortController();
  const gone = pool.take(4, MIB, leaving.signal);
  const next = pool.take(1, MIB, never);
  leaving.abort();
  await assert.rejects(gone);
  pool.give(huge);
  assert.equal((await next).memory.length, 1);
});

test("who holds windows gets another at once, and new work waits until it is given back", async () => {
  const size = 4 * MIB;
  const pool = new WindowPool(4 * size);
  const held = await pool.take(4, size, never);
  const more = held.extend();
  assert.ok(held.memory.includes(more));
  assert.equal(held.cost, 5 * size);
  const next = pool.take(4, size, never);
  assert.equal(pool.tryTake(1, size), undefined);
  pool.give(held);
  pool.give(await next);
  pool.give(await pool.take(4, size, never));
});

test("windows that are given back twice go to one taker only, and count once", async () => {
  const pool = new WindowPool(3 * 4 * MIB);
  const held = await pool.take(1, MIB, never);
  pool.give(held);
  pool.give(held);
  const [one, other] = [await pool.take(1, MIB, never), await pool.take(1, MIB, never)];
  assert.notEqual(one.memory[0], other.memory[0]);
  assert.equal(pool.load.used, one.cost + other.cost);
});
