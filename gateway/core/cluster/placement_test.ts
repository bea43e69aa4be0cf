import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLayout } from "../../../shared/layout.ts";
import { isDurable, placeChunks, spreadOverZones } from "./placement.ts";

const servers = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`);

test("six servers get one chunk each, fewer share as far as the layout allows", () => {
  assert.deepEqual(placeChunks(servers(6), parseLayout("6+0")), servers(6));
  assert.deepEqual(placeChunks(servers(3), parseLayout("4+2")), ["s0", "s1", "s2", "s0", "s1", "s2"]);
});

test("writes survive 0, 0, 2 and 1 servers down of six for 6+0, 5+1, 4+2 and 3+3", () => {
  // 4+2 goes further down to three servers, where each keeps two chunks.
  for (const [layout, least] of [["6+0", 6], ["5+1", 6], ["4+2", 3], ["3+3", 5]] as const) {
    for (let count = 0; count <= 6; count++) {
      const place = () => placeChunks(servers(count), parseLayout(layout));
      if (count >= least) assert.equal(place().length, 6);
      else assert.throws(place, /too few/, `${layout} on ${count}`);
    }
  }
});

test("five of six chunks are enough for 4+2, four are not", () => {
  assert.ok(isDurable(servers(5), parseLayout("4+2")));
  assert.ok(!isDurable(servers(4), parseLayout("4+2")));
  assert.ok(!isDurable(["a", "a", "b", "c", "d"], parseLayout("4+2")));
  assert.ok(isDurable(servers(6), parseLayout("6+0")) && !isDurable(servers(5), parseLayout("6+0")));
});

/** Servers with a zone each, in some order of the ring. */
const zoned = fc.uniqueArray(fc.tuple(fc.nat(99), fc.nat(4)), { minLength: 6, maxLength: 20, selector: ([id]) => id })
  .map((pairs) => pairs.map(([id, zone]) => ({ id: `s${id}`, zone: `z${zone}` })));

test("six chunks lie in as many zones as can be, and no zone has more than it must", () => {
  fc.assert(fc.property(zoned, (all) => {
    const zoneOf = (id: string) => all.find((server) => server.id === id)?.zone ?? "";
    const spread = spreadOverZones(all.map(({ id }) => id), zoneOf);
    assert.deepEqual([...spread].sort(), all.map(({ id }) => id).sort());
    const sizes = [...Map.groupBy(all, ({ zone }) => zone).values()].map(({ length }) => length);
    // The least that the fullest zone can have: the lowest level at which all zones together hold six.
    let level = 1;
    while (sizes.reduce((sum, size) => sum + Math.min(size, level), 0) < 6) level++;
    const chosen = Map.groupBy(spread.slice(0, 6), zoneOf);
    assert.equal(Math.max(...[...chosen.values()].map(({ length }) => length)), level);
  }));
});

test("in one zone the order is the ring's; when a server goes, only its own chunk gets another one", () => {
  const ids = servers(9);
  assert.deepEqual(spreadOverZones(ids, () => ""), ids);
  fc.assert(fc.property(zoned, fc.nat(), (all, n) => {
    const zoneOf = (id: string) => all.find((server) => server.id === id)?.zone ?? "";
    const order = all.map(({ id }) => id);
    const gone = order[n % order.length];
    const before = spreadOverZones(order, zoneOf).slice(0, 6);
    const after = spreadOverZones(order.filter((id) => id !== gone), zoneOf).slice(0, 6);
    const moved = before.filter((id) => id !== gone && !after.includes(id));
    assert.deepEqual(moved, []);
  }));
});
