import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceSpan } from "../trace.ts";
import { waterfall } from "./waterfall.ts";

const span = (spanId: string, parentId: string, startMs: number, durationMs: number, more: Partial<TraceSpan> = {}) => {
  return { spanId, parentId, name: spanId, startMs, durationMs, attributes: {}, events: [], error: "", ...more };
};

test("each piece of work stands below what it is a part of, on one scale", () => {
  const lines = waterfall([
    span("GET", "", 0, 100),
    span("download", "GET", 10, 90, { events: [{ name: "hedge", atMs: 50, attributes: { reason: "late" } }] }),
    span("chunk.get", "download", 20, 40, {
      attributes: { "sixfold.chunk.index": "3", "sixfold.daemon.read_ms": "12.34" },
      error: "gone",
    }),
    span("chunk.put", "download", 0, 100, { attributes: { "sixfold.daemon.fsync_ms": "31" } }),
    span("last", "GET", 99.9, 0),
  ], 10);
  assert.deepEqual(lines.map((line) => line.replaceAll(/ {2,}/g, "  ")), [
    "GET  ██████████  100.0 ms",
    "  download  █████████  90.0 ms",
    "  hedge  !  late",
    "  chunk.get 3  █████  40.0 ms  read 12.3, gone",
    "  chunk.put  ███████▒▒▒  100.0 ms  fsync 31.0",
    "  last  █  0.0 ms",
  ]);
});
