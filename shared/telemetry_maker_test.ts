import assert from "node:assert/strict";
import { test } from "node:test";
import { samplerOf } from "./sampler.ts";
import { SpanMaker } from "./telemetry_maker.ts";
import type { SpanStart, WorkSpan } from "./telemetry_span.ts";

const start = (name: string): SpanStart => ({ name, kind: "internal", attributes: {}, at: 1, links: [] });
const caller = (sampled: boolean) => ({ traceId: "ab".repeat(16), spanId: "cd".repeat(8), sampled, state: "vendor=1" });

test("the sampler is asked once for a trace, and the caller's decision is told on", () => {
  const exported: WorkSpan[] = [];
  const maker = new SpanMaker(undefined, { samples: samplerOf(() => undefined), add: (span) => exported.push(span) });
  const request = maker.first(start("request"), caller(true));
  const work = maker.part(start("work"), request);
  work.end();
  request.end();
  assert.deepEqual(exported.map(({ name, parentId, state }) => [name, parentId, state]), [
    ["work", request.spanId, "vendor=1"],
    ["request", "cd".repeat(8), "vendor=1"],
  ]);
  const unsampled = maker.first(start("request"), caller(false));
  const below = maker.part(start("work"), unsampled);
  assert.deepEqual([below.traceId, below.sampled], ["ab".repeat(16), false]);
  below.end();
  unsampled.end();
  assert.equal(exported.length, 2);
});

test("what is not sampled is kept all the same, and not exported", () => {
  const kept: string[] = [];
  const keep = { began() {}, ended: ({ name }: WorkSpan) => void kept.push(name) };
  const span = new SpanMaker(keep, { samples: () => false, add: () => assert.fail("exported") })
    .first(start("request"), undefined);
  assert.equal(span.sampled, false);
  assert.match(span.traceId, /^[0-9a-f]{32}$/);
  span.end();
  span.end();
  assert.deepEqual(kept, ["request"]);
});
