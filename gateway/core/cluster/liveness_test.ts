import assert from "node:assert/strict";
import { test } from "node:test";
import { isGone, reasonOf } from "./liveness.ts";

const row = (heartbeatAgeMs: number, heartbeatBehindMs: number, heartbeatMs = 10_000) => {
  return { state: "active" as const, heartbeatMs, heartbeatAgeMs, heartbeatBehindMs, diskTrouble: "" };
};

test("one or two heartbeats that are lost or late change nothing; three do", () => {
  assert.ok(!isGone(row(29_000, 29_000), 100_000));
  assert.ok(isGone(row(31_000, 31_000), 100_000));
  assert.ok(!isGone({ ...row(31_000, 31_000), state: "stopped" }, 100_000));
});

test("after an outage of PostgreSQL everybody is old, and nobody is gone", () => {
  assert.ok(!isGone(row(600_000, 0), 0));
  assert.ok(!isGone(row(600_000, 0), 29_000));
  // The first one has been heard again, the others will be in a moment.
  assert.ok(!isGone(row(600_000, 599_000), 9000));
  assert.ok(isGone(row(611_000, 610_000), 11_000));
});

test("with all of them silent, the time in which PostgreSQL has answered decides", () => {
  assert.ok(!isGone(row(31_000, 0), 15_000));
  assert.ok(isGone(row(31_000, 0), 30_000));
});

test("short heartbeats do not make a slow process a dead one", () => {
  assert.ok(!isGone(row(9000, 9000, 200), 100_000));
  assert.ok(isGone(row(10_100, 10_100, 200), 100_000));
});

test("a state says why", () => {
  assert.equal(reasonOf({ ...row(31_400, 0), state: "inactive" }), "no heartbeat for 31 s");
  assert.match(reasonOf({ ...row(0, 0), state: "full" }), /room/);
  assert.equal(reasonOf({ ...row(0, 0), state: "full", diskTrouble: "EROFS" }), "EROFS");
  assert.equal(reasonOf(row(0, 0)), "");
});
