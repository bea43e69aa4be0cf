import assert from "node:assert/strict";
import { test } from "node:test";
import { histogramText, labelsOf, metricText } from "./prometheus_text.ts";

test("a metric: its line for people, its kind, and a line for each value", () => {
  const samples = [["", 3], [labelsOf({ "a.b": 'say "\\"\n', c: 200 }), -Infinity], ['d="e"', NaN]] as const;
  assert.equal(
    metricText("x_total", "counter", "One \\ two\nlines.", samples),
    [
      "# HELP x_total One \\\\ two\\nlines.",
      "# TYPE x_total counter",
      "x_total 3",
      'x_total{a_b="say \\"\\\\\\"\\n",c="200"} -Inf',
      'x_total{d="e"} NaN',
      "",
    ].join("\n"),
  );
});

test("a histogram counts in each bucket what is in those below, too", () => {
  const text = histogramText("t", "Time.", [0.5, 1, Infinity], [["", { counts: [2, 0, 1], sum: 9.5 }], ['a="b"', {
    counts: [0, 1, 0],
    sum: 1,
  }]]);
  assert.deepEqual(text.split("\n").slice(1), [
    "# TYPE t histogram",
    't_bucket{le="0.5"} 2',
    't_bucket{le="1"} 2',
    't_bucket{le="+Inf"} 3',
    "t_sum 9.5",
    "t_count 3",
    't_bucket{a="b",le="0.5"} 0',
    't_bucket{a="b",le="1"} 1',
    't_bucket{a="b",le="+Inf"} 1',
    't_sum{a="b"} 1',
    't_count{a="b"} 1',
    "",
  ]);
  assert.equal(histogramText("t", "Time.", [Infinity], []), "");
});
