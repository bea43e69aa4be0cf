import { context, ROOT_CONTEXT, type Span, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import { AlwaysOffSampler, AlwaysOnSampler, ParentBasedSampler } from "@opentelemetry/sdk-trace-base";
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSpans } from "./telemetry_maker.ts";
import type { WorkSpan } from "./telemetry_span.ts";

const under = (span: Span) => trace.setSpan(ROOT_CONTEXT, span);
const remote = (traceFlags: TraceFlags) =>
  trace.setSpanContext(context.active(), {
    traceId: "ab".repeat(16),
    spanId: "cd".repeat(8),
    traceFlags,
    isRemote: true,
  });

test("the sampler is asked once for a trace, and the caller's decision is told on", () => {
  const exported: WorkSpan[] = [];
  const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
  const { startSpan } = makeSpans(undefined, { sampler, add: (span) => exported.push(span) });
  const request = startSpan("request", { kind: SpanKind.SERVER }, remote(TraceFlags.SAMPLED));
  const work = startSpan("work", {}, under(request));
  work.end();
  request.end();
  assert.deepEqual(exported.map(({ name, parentId }) => [name, parentId]), [
    ["work", request.spanContext().spanId],
    ["request", "cd".repeat(8)],
  ]);
  const unsampled = startSpan("request", { kind: SpanKind.SERVER }, remote(TraceFlags.NONE));
  const below = startSpan("work", {}, under(unsampled));
  assert.deepEqual([unsampled.isRecording(), below.isRecording()], [false, false]);
  assert.deepEqual([below.spanContext().traceId, below.spanContext().traceFlags], ["ab".repeat(16), TraceFlags.NONE]);
  below.end();
  unsampled.end();
  assert.equal(exported.length, 2);
});

test("what is not sampled is kept all the same, and not exported", () => {
  const kept: string[] = [];
  const keep = { began() {}, ended: ({ name }: WorkSpan) => void kept.push(name) };
  const out = { sampler: new AlwaysOffSampler(), add: () => assert.fail("exported") };
  const span = makeSpans(keep, out).startSpan("request");
  assert.equal(span.spanContext().traceFlags, TraceFlags.NONE);
  span.end();
  span.end();
  assert.deepEqual(kept, ["request"]);
});
