import assert from "node:assert/strict";
import { test } from "node:test";
import { PartMemory } from "./part_memory.ts";

test("memory that was given back is used again, where it is large enough", () => {
  const memory = new PartMemory();
  const first = memory.take(8);
  const second = memory.take(8);
  assert.notEqual(first.buffer, second.buffer);
  memory.give(first.subarray(0, 3));
  const again = memory.take(5);
  assert.deepEqual([again.buffer === first.buffer, again.length, again.byteOffset], [true, 5, 0]);
  memory.give(again);
  assert.equal(memory.take(9).length, 9);
  assert.notEqual(memory.take(5).buffer, first.buffer);
});
