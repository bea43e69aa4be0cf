import assert from "node:assert/strict";
import { test } from "node:test";
import {
  counter,
  declaredMetrics,
  gauge,
  histogram,
  metricsText,
  observe,
  prometheusName,
} from "./telemetry_metrics.ts";

test("values of every kind, with names as Prometheus wants them", async () => {
  const eaten = counter({ name: "test.eaten", unit: "By", about: 'What was "eaten".', attributes: ["test.by"] });
  const waited = histogram({ name: "test.wait", unit: "s", about: "How long." });
  const here = gauge({ name: "test.here", unit: "{guest}", about: "Who is here." });
  const broken = gauge({ name: "test.broken", unit: "1", about: "What cannot be told." });
  counter({ name: "test.never", unit: "{time}", about: "What has not happened." });
  eaten(3, { "test.by": 'a "b"\n' });
  eaten(4, { "test.by": 'a "b"\n' });
  waited(0.02);
  observe([here], (tell) => tell(here, 2));
  observe([broken], () => Promise.reject(new Error("away")));
  const page = (await metricsText({ "service.name": "test" })).split("\n");
  const expected = [
    'target_info{service_name="test"} 1',
    "# TYPE test_eaten_bytes_total counter",
    'test_eaten_bytes_total{test_by="a \\"b\\"\\n"} 7',
    'test_wait_seconds_bucket{le="0.025"} 1',
    "test_wait_seconds_count 1",
    "test_here 2",
    "test_never_total 0",
  ];
  assert.deepEqual(expected.filter((line) => !page.includes(line)), []);
  assert.equal(page.some((line) => line.startsWith("test_broken")), false);
  const names = declaredMetrics().filter(({ name }) => name.startsWith("test.")).map(prometheusName);
  assert.deepEqual(names, [
    "test_eaten_bytes_total",
    "test_wait_seconds",
    "test_here",
    "test_broken_ratio",
    "test_never_total",
  ]);
});
