import { SpanKind, TraceFlags } from "@opentelemetry/api";
import { AlwaysOnSampler } from "@opentelemetry/sdk-trace-base";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";
import { BatchExport } from "./telemetry_export.ts";
import { WorkSpan } from "./telemetry_span.ts";

/** An export to nobody: how many spans each request had, and what was logged. */
function open(settings: Record<string, string>, answer: () => Promise<void>) {
  const requests: number[] = [];
  const lines: string[] = [];
  const names = (request: Uint8Array) => new TextDecoder("latin1").decode(request).match(/work/g)?.length ?? 0;
  const out = new BatchExport({
    sampler: new AlwaysOnSampler(),
    resource: {},
    read: (name) => settings[name],
    log: createLogger("warn", (line) => lines.push(line)),
  }, async (request) => {
    requests.push(names(request));
    await answer();
  });
  const add = (count: number) => {
    const ids = { traceId: "ab".repeat(16), spanId: "cd".repeat(8), traceFlags: TraceFlags.SAMPLED };
    const ended = (span: WorkSpan) => out.add(span);
    for (let i = 0; i < count; i++) new WorkSpan("work", SpanKind.INTERNAL, ids, "", {}, [], 1, ended).end();
  };
  return { out, add, requests, lines };
}

const LONG = { OTEL_BSP_SCHEDULE_DELAY: "1000000" };

test("a full batch leaves at once, the rest after the delay or at the end", async () => {
  const slow = open({ ...LONG, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "3" }, () => Promise.resolve());
  slow.add(2);
  assert.deepEqual(slow.requests, []);
  slow.add(1);
  assert.deepEqual(slow.requests, [3]);
  slow.add(1);
  await slow.out.end();
  assert.deepEqual(slow.requests, [3, 1]);
  const quick = open({ OTEL_BSP_SCHEDULE_DELAY: "1" }, () => Promise.resolve());
  quick.add(1);
  while (quick.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual([quick.requests, slow.lines], [[1], []]);
});

test("while one batch is under way the next ones wait, and what is beyond their bound is dropped, and told", async () => {
  const gate = Promise.withResolvers<void>();
  const settings = { ...LONG, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "2", OTEL_BSP_MAX_QUEUE_SIZE: "4" };
  const { out, add, requests, lines } = open(settings, () => gate.promise);
  add(2);
  add(6);
  assert.deepEqual(requests, [2]);
  gate.resolve();
  await out.end();
  assert.deepEqual(requests, [2, 4]);
  assert.match(lines.join(), /dropped.*"spans":2/);
});

test("a collector that refuses costs its spans and a line, and nothing else", async () => {
  const { out, add, requests, lines } = open(LONG, () => Promise.reject(new Error("away")));
  add(1);
  await out.end();
  add(1);
  await out.end();
  assert.deepEqual([requests, lines.length], [[1, 1], 2]);
  assert.match(lines[0] ?? "", /away/);
});
