import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "./errors.ts";
import { createLogger } from "./logger.ts";
import {
  addSpan,
  annotate,
  inSpan,
  inTrace,
  openSpan,
  openTrace,
  spanEvent,
  spanTime,
  traceHeaders,
  traceIds,
  traceParent,
  UNTRACED,
} from "./telemetry.ts";
import { KeptTraces } from "./telemetry_kept.ts";
import { startTracing } from "./telemetry_tracing.ts";

const CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const log = createLogger("error", () => {});

async function start(most: number) {
  const keep = new KeptTraces(most);
  return { keep, end: await startTracing({ service: "test", instance: "1", read: () => undefined, keep, log }) };
}

test("off, nothing is made", async () => {
  assert.equal(openTrace("request", { kind: "server" }), UNTRACED);
  assert.equal(openSpan("work"), UNTRACED);
  assert.equal(await inSpan("work", {}, () => Promise.resolve(traceIds())), undefined);
  assert.deepEqual([traceHeaders(), traceParent()], [{}, null]);
  const end = await startTracing({ service: "test", instance: "1", read: () => undefined, log });
  assert.equal(openTrace("request", { kind: "server" }), UNTRACED);
  await end();
});

test("a request is one tree, whatever runs beside it; what it did is kept", async () => {
  const { keep, end } = await start(10);
  const request = openTrace("GET /x", {
    kind: "server",
    header: (name) => name === "traceparent" ? CALLER : undefined,
  });
  const lines: string[] = [];
  await request.run(async () => {
    assert.match(traceHeaders()["traceparent"] ?? "", /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    createLogger("info", (line) => lines.push(line)).info("here");
    await Promise.all([1, 2].map((n) =>
      inSpan("half", { n }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        annotate({ done: n });
        spanEvent("retry", { n });
        await inSpan("quarter", {}, () => Promise.resolve());
      })
    ));
    const now = spanTime();
    addSpan("before", {}, now - 20, now - 10);
    const failed = inSpan("bad", {}, () => Promise.reject(new SixfoldError("data_loss", "gone")));
    await assert.rejects(failed, { message: "gone" });
  });
  assert.match(
    keep.timing(JSON.parse(lines[0] ?? "").spanId),
    /half;dur=\d+\.\d;desc="the longest of 2".*before;dur=10\.0/,
  );
  request.end();
  request.end(new Error("told too late"));
  annotate({ nobody: 1 });
  // Without a trace around it, work that comes by every few seconds makes none.
  assert.equal(await inSpan("poll", {}, () => Promise.resolve(traceIds())), undefined);
  const [kept] = keep.list();
  assert.equal(kept?.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(JSON.parse(lines[0] ?? "").traceId, kept.traceId);
  assert.deepEqual([kept.root?.name, kept.root?.parentId, kept.root?.error], ["GET /x", "b7ad6b7169203331", ""]);
  const of = (name: string) => kept.spans.filter((span) => span.name === name);
  assert.deepEqual(of("half").map(({ attributes }) => attributes), [{ n: 1, done: 1 }, { n: 2, done: 2 }]);
  assert.deepEqual(of("quarter").map(({ parentId }) => parentId), of("half").map(({ spanId }) => spanId));
  assert.deepEqual(of("half")[0]?.events.map(({ name }) => name), ["retry"]);
  assert.deepEqual(of("bad").map(({ error, attributes }) => [error, attributes]), [["gone", {
    "error.type": "data_loss",
  }]]);
  await end();
});

test("background work is a trace of its own, and is not among the requests", async () => {
  const { keep, end } = await start(10);
  const traceId = await inTrace(
    "repair",
    { kind: "internal", link: CALLER },
    () => Promise.resolve(traceIds()?.traceId),
  );
  assert.match(traceId ?? "", /^[0-9a-f]{32}$/);
  assert.notEqual(traceId, CALLER.slice(3, 35));
  assert.equal(keep.list().length, 0);
  await end();
});

test("only the last requests are kept, and of a long one not all", async () => {
  const { keep, end } = await start(3);
  for (let request = 0; request < 5; request++) {
    const span = openTrace(`GET ${request}`, { kind: "server" });
    await span.run(async () => {
      for (let i = 0; i < 1000; i++) await inSpan("piece", {}, () => Promise.resolve());
    });
    span.end();
  }
  assert.deepEqual(keep.list().map(({ root }) => root?.name), ["GET 4", "GET 3", "GET 2"]);
  assert.ok(keep.list().every(({ spans, left }) => spans.length === 400 && left === 600));
  await end();
});
