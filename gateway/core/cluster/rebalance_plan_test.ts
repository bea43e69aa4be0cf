import assert from "node:assert/strict";
import fc from "fast-check";
import { Ring, segmentPosition, virtualNodes } from "../../../shared/ring.ts";
import { placeChunks } from "./placement.ts";
import { planSegment } from "./rebalance_plan.ts";

const layout = { k: 4, m: 2 };
const ringOf = (ids: readonly string[]) => new Ring(ids.flatMap((id) => virtualNodes(id)));
const chunksOn = (holders: readonly string[]) =>
  holders.map((serverId, index) => ({ index, serverId, chunkId: `chunk ${index}`, length: 1, sha256: "" }));
const all = (ids: readonly string[]) => ({ usable: new Set(ids), readable: new Set(ids) });

Deno.test("a seventh server takes its share and no more; nothing else moves", () => {
  for (let cluster = 0; cluster < 8; cluster++) {
    const six = Array.from({ length: 6 }, (_, i) => `server ${i} of cluster ${cluster}`);
    const joined = `a new server of cluster ${cluster}`;
    const [before, after] = [ringOf(six), ringOf([...six, joined])];
    const segments = 2000;
    let moved = 0;
    for (let i = 0; i < segments; i++) {
      const position = segmentPosition("bucket", `key ${i}`, 0);
      const chunks = chunksOn(placeChunks(before.successors(position, 6), layout));
      const moves = planSegment(after.successors(position, 7), chunks, layout, all([...six, joined]));
      assert.ok(moves.every(({ to }) => to === joined));
      moved += moves.length;
    }
    assert.ok(moved / (6 * segments) <= 1 / 7 + 0.02, `${moved / (6 * segments)}`);
  }
});

Deno.test("after the moves every segment is where the ring says; a second plan is empty", () => {
  const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
  fc.assert(fc.property(
    fc.array(fc.constantFrom(...ids), { minLength: 6, maxLength: 6 }),
    fc.shuffledSubarray(ids, { minLength: 3 }),
    (holders, order) => {
      const moves = planSegment(order, chunksOn(holders), layout, all(ids));
      const after = [...holders];
      for (const { index, to } of moves) after[index] = to;
      assert.deepEqual([...after].sort(), [...placeChunks(order.slice(0, 6), layout)].sort());
      assert.deepEqual(planSegment(order, chunksOn(after), layout, all(ids)), []);
      assert.equal(moves.length, new Set(moves.map(({ index }) => index)).size);
    },
  ));
});

Deno.test("a server that is emptied loses its chunks also where the wanted ones cannot take them", () => {
  const order = ["b", "c", "d", "e", "f", "g"];
  const chunks = chunksOn(["a", "b", "c", "d", "e", "f"]);
  const rules = { usable: new Set(["b", "c", "d", "e", "f"]), readable: new Set(["a", ...order]), only: "a" };
  assert.deepEqual(planSegment(order, chunks, layout, rules).map(({ index, to }) => [index, to]), [[0, "b"]]);
  assert.deepEqual(planSegment(order, chunks, layout, { ...rules, usable: new Set() }), []);
  assert.deepEqual(planSegment(order, chunks, layout, { ...all(order), only: "a" }), []);
});
