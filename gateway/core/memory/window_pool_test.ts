import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLayout } from "../../../shared/layout.ts";
import { roomBytes } from "../hop/window_frames.ts";
import { StripeMemory } from "./stripe_memory.ts";
import { WindowPool } from "./window_pool.ts";

const BLOCK = 64 * 1024;
const never = new AbortController().signal;
const poolOf = (stripes: number) =>
  new WindowPool(new StripeMemory(parseLayout("4+2"), BLOCK, stripes * 6 * BLOCK).downloads);

test("there is room for each chunk of a stripe, side by side, and for larger blocks at their price", async () => {
  const pool = poolOf(8);
  for (const [blockSize, price] of [[BLOCK, 1], [4096, 1], [2 * BLOCK, 2], [8 * BLOCK, 6]] as const) {
    const room = await pool.take(blockSize, never);
    assert.equal(room.stripes.length, price);
    assert.equal(room.rooms.length, 6);
    for (const [i, one] of room.rooms.entries()) {
      assert.ok(one.length >= roomBytes(blockSize));
      one.fill(i);
    }
    assert.deepEqual(room.rooms.map((one) => one.every((byte) => byte === one[0]) && one[0]), [0, 1, 2, 3, 4, 5]);
    pool.give(room);
  }
  assert.equal(pool.load.used, 0);
});

test("readers send from half of the stripes; the more readers there are, the smaller the others' copies", () => {
  const pool = poolOf(8);
  assert.deepEqual([pool.pin(), pool.pin(), pool.pin(), pool.pin()], [true, true, true, false]);
  pool.unpin();
  assert.ok(pool.pin());
  const sizes = [1, 200, 100_000].map((readers) => {
    pool.readers = readers;
    return pool.copyBytes;
  });
  assert.deepEqual(sizes, [128 * 1024, Math.floor(16 * 1024 * 1024 / 200), 8192]);
});

test("room that is given back twice goes to one taker only, and counts once", async () => {
  const pool = poolOf(8);
  const held = await pool.take(BLOCK, never);
  pool.give(held);
  pool.give(held);
  const [one, other] = [await pool.take(BLOCK, never), await pool.take(BLOCK, never)];
  assert.notEqual(one.rooms[0], other.rooms[0]);
  assert.equal(pool.load.used, 2 * 6 * BLOCK);
});
