import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Latency } from "./latency.ts";

function after(...times: number[]): Latency {
  const latency = new Latency();
  for (const ms of times) latency.add(ms);
  return latency;
}

test("late is three times the usual, and never sooner or later than the bounds", () => {
  assert.equal(after().late, 500);
  assert.equal(after(...Array(50).fill(1)).late, 60);
  const steady = after(...Array(50).fill(100)).late;
  assert.ok(steady > 299 && steady < 301, String(steady));
  assert.equal(after(...Array(50).fill(5000)).late, 1000);
});

test("a server whose times vary gets more of it", () => {
  const times = Array.from({ length: 200 }, (_, i) => i % 4 === 0 ? 240 : 20);
  const latency = after(...times);
  assert.ok(latency.late > 3 * (latency.usual ?? 0), String(latency.late));
});

test("it follows a server that becomes slower, within some answers", () => {
  const latency = after(...Array(50).fill(10));
  for (let i = 0; i < 30; i++) latency.add(200);
  assert.ok((latency.usual ?? 0) > 150);
});

test("whatever the times, the bounds hold", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (times) => {
    const { late } = after(...times);
    assert.ok(late >= 60 && late <= 1000);
  }));
});
