import assert from "node:assert/strict";
import { test } from "node:test";
import { transferMemory } from "./transfer_memory.ts";

const MIB = 1024 * 1024;

test("transfers take what is set, and of a process that is bounded a quarter at most", () => {
  assert.equal(transferMemory(72 * MIB, 512 * MIB), 72 * MIB);
  assert.equal(transferMemory(72 * MIB, 256 * MIB), 64 * MIB);
  assert.equal(transferMemory(12 * MIB, 256 * MIB), 12 * MIB);
  assert.equal(transferMemory(72 * MIB, 3), 0);
  // No limit is 0, or a number beyond all memory.
  assert.equal(transferMemory(72 * MIB, 0), 72 * MIB);
  assert.equal(transferMemory(72 * MIB, 2 ** 63), 72 * MIB);
});
