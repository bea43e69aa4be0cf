import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, millisecondsText } from "./span_tree.ts";

test("parts follow what they are a part of, in the order of time, and orphans are not lost", () => {
  const span = (spanId: string, parentId: string, startMs: number) => ({ spanId, parentId, startMs });
  const spans = [span("late", "root", 9), span("root", "", 0), span("deep", "early", 3), span("early", "root", 2)];
  const lines = linesOf([...spans, span("orphan", "gone", 5)]);
  assert.deepEqual(lines.map(({ span, depth }) => [span.spanId, depth]), [
    ["root", 0],
    ["early", 1],
    ["deep", 2],
    ["late", 1],
    ["orphan", 0],
  ]);
});

test("times have two or three digits", () => {
  assert.deepEqual([0.4234, 12.4, 1350].map(millisecondsText), ["0.42 ms", "12 ms", "1.35 s"]);
});
