import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as layout from "./layout.ts";

const layouts = ["6+0", "5+1", "4+2", "3+3"].map(layout.parseLayout);

test("only the four layouts exist", () => {
  assert.deepEqual(layouts.map(layout.formatLayout), ["6+0", "5+1", "4+2", "3+3"]);
  assert.deepEqual(layouts.map(layout.tolerance), [0, 1, 1, 2]);
  for (const wrong of ["", "2+4", "7+-1", "4+3", "4+2 "]) assert.throws(() => layout.parseLayout(wrong), RangeError);
});

test("an empty segment has no stripe and no byte in a chunk", () => {
  assert.equal(layout.stripeCount(0, { k: 4, m: 2 }, 4096), 0);
  assert.equal(layout.chunkLength(0, { k: 4, m: 2 }, 4096), 0);
});

test("the blocks of all stripes hold the segment, with less than k bytes of padding", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...layouts),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 9000 }),
      (l, block, length) => {
        const stripes = layout.stripeCount(length, l, block);
        let chunk = 0;
        for (let stripe = 0; stripe < stripes; stripe++) {
          const size = layout.blockLength(length, l, block, stripe);
          assert.ok(size > 0 && size <= block);
          if (stripe < stripes - 1) assert.equal(size, block);
          chunk += size;
        }
        assert.equal(chunk, layout.chunkLength(length, l, block));
        const padding = chunk * l.k - length;
        assert.ok(padding >= 0 && padding < l.k);
      },
    ),
  );
});

test("the pieces of a range are the bytes that a whole copy would give", () => {
  const ranges = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 900 })).chain(([block, size]) =>
    fc.tuple(fc.constant(block), fc.constant(size), fc.integer({ min: 0, max: size - 1 }), fc.constantFrom(...layouts))
  ).chain(([block, size, offset, l]) =>
    fc.record({
      block: fc.constant(block),
      size: fc.constant(size),
      offset: fc.constant(offset),
      l: fc.constant(l),
      length: fc.integer({ min: 1, max: size - offset }),
    })
  );
  fc.assert(fc.property(ranges, ({ block, size, offset, length, l }) => {
    const seen: number[] = [];
    const { first, count } = layout.stripesOfRange(offset, length, l, block);
    for (let stripe = first; stripe < first + count; stripe++) {
      const blockBytes = layout.blockLength(size, l, block, stripe);
      const pieces = layout.piecesOfStripe(size, l, block, stripe, offset, length);
      assert.ok(pieces.length > 0);
      for (const { index, from, to } of pieces) {
        for (let at = from; at < to; at++) seen.push(stripe * l.k * block + index * blockBytes + at);
      }
    }
    assert.deepEqual(seen, Array.from({ length }, (_, i) => offset + i));
  }));
});
