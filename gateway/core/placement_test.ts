import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLayout } from "../../shared/layout.ts";
import { isDurable, placeChunks } from "./placement.ts";

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
