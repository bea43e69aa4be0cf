import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { endOf, formatRanges, missingRanges, type Tile, treeSha256 } from "./tiling.ts";

/** A file cut at some places, and for each piece whether it has arrived. */
const cuts = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }),
  arrived: fc.infiniteStream(fc.boolean()),
});

function cutUp({ lengths, arrived }: { lengths: number[]; arrived: Iterator<boolean> }) {
  let size = 0;
  const there: Tile[] = [];
  const bytes: boolean[] = [];
  for (const length of lengths) {
    const has = arrived.next().value === true;
    if (has) there.push({ offset: size, length });
    bytes.push(...Array<boolean>(length).fill(has));
    size += length;
  }
  return { there, bytes, size };
}

test("what is missing is exactly the bytes that no tile covers, in ranges that do not touch", () => {
  fc.assert(fc.property(cuts, (cut) => {
    const { there, bytes, size } = cutUp(cut);
    const missing = missingRanges(there, size);
    const covered = Array<boolean>(size).fill(true);
    for (const range of missing) covered.fill(false, range.offset, endOf(range));
    assert.deepEqual(covered, bytes);
    for (const [i, range] of missing.entries()) {
      assert.ok(range.length > 0);
      assert.ok(i === 0 || endOf(missing[i - 1] ?? range) < range.offset);
    }
  }));
});

test("sending what is missing completes the tiling", () => {
  fc.assert(fc.property(cuts, (cut) => {
    const { there, size } = cutUp(cut);
    const all = [...there, ...missingRanges(there, size)].sort((a, b) => a.offset - b.offset);
    assert.deepEqual(missingRanges(all, size), []);
    assert.equal(all.reduce((sum, { length }) => sum + length, 0), size);
  }));
});

test("an empty file is tiled by nothing", () => {
  assert.deepEqual(missingRanges([], 0), []);
  assert.deepEqual(missingRanges([], 3), [{ offset: 0, length: 3 }]);
});

test("ranges are told by first and last byte, and of many only some", () => {
  assert.equal(formatRanges([{ offset: 0, length: 1 }, { offset: 5, length: 10 }]), "0-0, 5-14");
  assert.equal(formatRanges(Array(9).fill({ offset: 0, length: 2 }), 2), "0-1, 0-1, and 7 more");
});

test("the tree's hash is over length and hash of each tile, and changes with the cut", () => {
  const tile = (offset: number, text: string) => {
    return { offset, length: text.length, sha256: new Uint8Array(createHash("sha256").update(text).digest()) };
  };
  const expected = createHash("sha256");
  for (const text of ["abc", "de"]) {
    expected.update(Uint8Array.of(text.length, 0, 0, 0, 0, 0, 0, 0)).update(createHash("sha256").update(text).digest());
  }
  const hash = treeSha256([tile(0, "abc"), tile(3, "de")]);
  assert.deepEqual(hash, new Uint8Array(expected.digest()));
  assert.notDeepEqual(hash, treeSha256([tile(0, "ab"), tile(2, "cde")]));
});
