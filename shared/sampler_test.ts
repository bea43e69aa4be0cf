import assert from "node:assert/strict";
import { test } from "node:test";
import { samplerOf } from "./sampler.ts";

/** The digits that decide are spread evenly. */
const IDS = Array.from({ length: 4096 }, (_, i) => "0".repeat(19) + i.toString(16).padStart(3, "0") + "0".repeat(10));

function sampled(name: string | undefined, argument?: string) {
  const given: Record<string, string | undefined> = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument };
  const sampler = samplerOf((setting) => given[setting]);
  const share = IDS.filter((id) => sampler(id, undefined)).length / IDS.length;
  const asked = [true, false].map((sampled) => sampler(IDS[0] ?? "", { sampled }));
  return [share, ...asked];
}

test("a sampler has its share of the traces that begin here, and of others what it is told to have", () => {
  assert.deepEqual(sampled(undefined), [1, true, false]);
  assert.deepEqual(sampled("parentbased_always_off"), [0, true, false]);
  assert.deepEqual(sampled("parentbased_traceidratio", "0.25"), [0.25, true, false]);
  assert.deepEqual(sampled("parentbased_traceidratio", "2"), [1, true, false]);
  assert.deepEqual(sampled("always_on"), [1, true, true]);
  assert.deepEqual(sampled("always_off"), [0, false, false]);
  assert.deepEqual(sampled("traceidratio", "0"), [0, false, false]);
});
