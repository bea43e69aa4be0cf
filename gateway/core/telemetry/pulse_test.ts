import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "./pulse.ts";

test("each who looks is told what has happened since its own last look", () => {
  let now = 0;
  const pulse = new Pulse(() => now);
  const [one, other] = [pulse.follow(), pulse.follow()];
  pulse.came(100);
  for (let ms = 1; ms <= 100; ms++) pulse.answered(ms, ms > 98);
  now = 2000;
  assert.deepEqual(one(), {
    seconds: 2,
    bytesStored: 100,
    bytesRead: 0,
    requests: 100,
    failed: 2,
    medianMs: 50,
    slowMs: 95,
  });
  pulse.went(7);
  now = 3000;
  const nothing = { requests: 0, failed: 0, medianMs: 0, slowMs: 0 };
  assert.deepEqual(one(), { seconds: 1, bytesStored: 0, bytesRead: 7, ...nothing });
  const { seconds, bytesStored, bytesRead, requests } = other();
  assert.deepEqual({ seconds, bytesStored, bytesRead, requests }, {
    seconds: 3,
    bytesStored: 100,
    bytesRead: 7,
    requests: 100,
  });
});

test("of very many requests the last ones are looked at, and all are counted", () => {
  const pulse = new Pulse(() => 0);
  const look = pulse.follow();
  for (let i = 0; i < 5000; i++) pulse.answered(i < 3000 ? 1 : 9, false);
  const { requests, medianMs } = look();
  assert.deepEqual([requests, medianMs], [5000, 9]);
});
