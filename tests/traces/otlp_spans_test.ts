import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "./otlp_receiver.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { OtlpSpans } from "../../shared/otlp_spans.ts";
import { WorkSpan } from "../../shared/telemetry_span.ts";

test("a batch says of its spans what they say of themselves, and the next one is another", () => {
  const batch = new OtlpSpans({ "service.name": "sixfold-test", "service.instance.id": "7" }, "sixfold");
  const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", sampled: true, state: "vendor=1" };
  const linked = { traceId: "12".repeat(16), spanId: "34".repeat(8), sampled: true };
  const start = { name: "chunk.put", kind: "client", attributes: { a: "ü" }, at: 1.7e12, links: [linked] } as const;
  const ended = (span: WorkSpan) => batch.add(span);
  const span = new WorkSpan(start, "b7ad6b7169203331", "cd".repeat(8), trace, ended);
  span.annotate({ whole: 2 ** 40, part: 0.5, below: -3, yes: true, no: false, none: undefined });
  span.event("retry", { reason: "late" });
  span.end(new SixfoldError("data_loss", "gone"), 1.7e12 + 12.345);
  const root = { ...start, name: "root", kind: "internal", attributes: {}, links: [] } as const;
  new WorkSpan(root, "ef".repeat(8), "", trace, ended).end(undefined, 1.7e12);
  assert.equal(batch.count, 2);
  const request = batch.take();
  const [one, other] = decode(request);
  assert.deepEqual({ ...one, end: undefined }, {
    service: "sixfold-test",
    instance: "7",
    traceId: trace.traceId,
    spanId: "b7ad6b7169203331",
    parentId: "cd".repeat(8),
    name: "chunk.put",
    kind: 3,
    start: 1.7e12,
    end: undefined,
    attributes: { a: "ü", whole: 2 ** 40, part: 0.5, below: -3, yes: 1, no: 0, "error.type": "data_loss" },
    events: [{ name: "retry", attributes: { reason: "late" } }],
    links: [linked.traceId],
  });
  assert.ok(Math.abs((one?.end ?? 0) - 1.7e12 - 12.345) < 0.001);
  assert.deepEqual([other?.parentId, other?.kind, other?.end], ["", 1, 1.7e12]);
  const text = new TextDecoder("latin1").decode(request);
  assert.ok(text.includes("vendor=1") && text.includes("gone"));
  assert.deepEqual([batch.count, decode(batch.take())], [0, []]);
});
