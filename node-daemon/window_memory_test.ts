import { expect, test } from "bun:test";
import { WindowMemory } from "./window_memory.ts";

test("memory is used again where it is large enough, and what is in use is nobody else's", () => {
  const memory = new WindowMemory();
  const [first, second] = [memory.take(1000), memory.take(1000)];
  expect(first.length).toBe(1000);
  expect(first.buffer).not.toBe(second.buffer);
  memory.give(first);
  const larger = memory.take(2 * 1024 * 1024);
  expect(larger.buffer).not.toBe(first.buffer);
  expect(memory.take(500).buffer).toBe(first.buffer);
});
