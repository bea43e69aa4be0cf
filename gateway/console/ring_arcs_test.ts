import assert from "node:assert/strict";
import { test } from "node:test";
import { arcPath, arcsOf, walkFrom } from "./ring_arcs.ts";

const quarter = 2n ** 62n;
const ring = [
  { serverId: "a", positions: [0n, quarter] },
  { serverId: "b", positions: [2n * quarter] },
];

test("arcs end with their nodes, go around the top, and join where they touch", () => {
  const arcs = arcsOf(ring);
  assert.deepEqual(arcs.get("a"), [{ from: -0.5, to: 0.25 }]);
  assert.deepEqual(arcs.get("b"), [{ from: 0.25, to: 0.5 }]);
  assert.deepEqual(arcsOf([]), new Map());
});

test("a walk begins with the next node and ends with the last server that is wanted", () => {
  assert.deepEqual(walkFrom(ring, 1n, 2), [{ serverId: "a", first: true }, { serverId: "b", first: true }]);
  assert.deepEqual(walkFrom(ring, 2n * quarter + 1n, 2), [
    { serverId: "a", first: true },
    { serverId: "a", first: false },
    { serverId: "b", first: true },
  ]);
  assert.deepEqual(walkFrom([], 0n, 6), []);
});

test("the ring begins at the top and goes clockwise; a whole circle is drawn", () => {
  assert.match(arcPath({ from: 0, to: 0.25 }, 10), /^M0\.00 -10\.00A10 10 0 0 1 10\.00 -0\.00$/);
  assert.equal(arcPath({ from: 0, to: 1 }, 10).split("A").length, 3);
});
