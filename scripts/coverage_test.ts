import assert from "node:assert/strict";
import { test } from "node:test";
import { addReport, judge, type Lines } from "./coverage.ts";

const report = (path: string, ...lines: [number, number][]) =>
  `TN:\nSF:${path}\n${lines.map(([number, count]) => `DA:${number},${count}`).join("\n")}\nend_of_record\n`;

test("a line counts as run when any report says so, under whatever root it names the file", () => {
  const lines: Lines = new Map();
  addReport(lines, report("/a b/shared/x.ts", [1, 1], [2, 0], [3, 0]), "/a b/");
  addReport(lines, report("shared/x.ts", [2, 5]) + report("tests/y.ts", [1, 1]), "/a b/");
  assert.deepEqual([...lines.keys()], ["shared/x.ts"]);
  assert.deepEqual([...lines.get("shared/x.ts")?.values() ?? []], [1, 5, 0]);
});

test("a folder with too few lines run is a fault that names them", () => {
  const lines: Lines = new Map();
  const many = Array.from({ length: 100 }, (_, i): [number, number] => [i + 1, i < 96 ? 1 : 0]);
  addReport(lines, report("shared/x.ts", ...many) + report("node-daemon/chunk_store.ts", [1, 1]), "/");
  assert.deepEqual(judge(lines).faults, []);
  addReport(lines, report("node-daemon/chunk_store.ts", [7, 0]), "/");
  const { table, faults } = judge(lines);
  assert.match(table, /shared +96\.0 %/);
  assert.match(table, /its chunk store +50\.0 %/);
  assert.equal(faults.length, 2);
  assert.match(faults.join(), /chunk store.*95 %.*chunk_store\.ts: 7/);
});

test("files that are generated or tests do not count, and nothing at all is not enough", () => {
  const lines: Lines = new Map();
  addReport(lines, report("shared/gen/x.ts", [1, 0]) + report("shared/x_test.ts", [1, 0]), "/");
  assert.equal(lines.size, 0);
  assert.equal(judge(lines).faults.length, 3);
});
