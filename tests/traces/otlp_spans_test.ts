import { createTraceState, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "./otlp_receiver.ts";
import { OtlpSpans } from "../../shared/otlp_spans.ts";
import { WorkSpan } from "../../shared/telemetry_span.ts";

test("a batch says of its spans what they say of themselves, and the next one is another", () => {
  const batch = new OtlpSpans({ "service.name": "sixfold-test", "service.instance.id": "7" }, "sixfold");
  const traceState = createTraceState("vendor=1");
  const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1, traceState };
  const linked = { traceId: "12".repeat(16), spanId: "34".repeat(8), traceFlags: TraceFlags.SAMPLED };
  const links = [{ context: linked }];
  const ended = (span: WorkSpan) => batch.add(span);
  const span = new WorkSpan("chunk.put", SpanKind.CLIENT, ids, "cd".repeat(8), { a: "ü" }, links, 1.7e12, ended);
  span.setAttributes({ whole: 2 ** 40, part: 0.5, below: -3, yes: true, no: false });
  span.addEvent("retry", { reason: "late" });
  span.setStatus({ code: SpanStatusCode.ERROR, message: "gone" });
  span.end(1.7e12 + 12.345);
  new WorkSpan("root", SpanKind.INTERNAL, { ...ids, spanId: "ef".repeat(8) }, "", {}, [], 1.7e12, ended).end(1.7e12);
  assert.equal(batch.count, 2);
  const request = batch.take();
  const [one, root] = decode(request);
  assert.deepEqual({ ...one, end: undefined }, {
    service: "sixfold-test",
    instance: "7",
    traceId: ids.traceId,
    spanId: ids.spanId,
    parentId: "cd".repeat(8),
    name: "chunk.put",
    kind: 3,
    start: 1.7e12,
    end: undefined,
    attributes: { a: "ü", whole: 2 ** 40, part: 0.5, below: -3, yes: 1, no: 0 },
    events: [{ name: "retry", attributes: { reason: "late" } }],
    links: [linked.traceId],
  });
  assert.ok(Math.abs((one?.end ?? 0) - 1.7e12 - 12.345) < 0.001);
  assert.deepEqual([root?.parentId, root?.kind, root?.end], ["", 1, 1.7e12]);
  const text = new TextDecoder("latin1").decode(request);
  assert.ok(text.includes("vendor=1") && text.includes("gone"));
  assert.deepEqual([batch.count, decode(batch.take())], [0, []]);
});
