import assert from "node:assert/strict";
import { chaosSchedule } from "./schedule.ts";

Deno.test("a schedule follows from its seed, and its events do not overlap", () => {
  const events = chaosSchedule(1, 600, 6);
  assert.deepEqual(chaosSchedule(1, 600, 6), events);
  assert.notDeepEqual(chaosSchedule(2, 600, 6), events);
  assert.ok(events.length > 50);
  for (const [i, { at, seconds, harms }] of events.entries()) {
    assert.ok(at + seconds < (events[i + 1]?.at ?? Infinity));
    assert.ok(harms.length <= 2);
    const daemons = harms.flatMap((harm) => "daemon" in harm ? [harm.daemon] : []);
    assert.equal(new Set(daemons).size, daemons.length);
  }
});
