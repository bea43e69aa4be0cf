import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseByteRange } from "./byte_range.ts";

test("ranges are read as RFC 9110 says", () => {
  assert.deepEqual(parseByteRange("bytes=0-0", 10), { offset: 0, length: 1 });
  assert.deepEqual(parseByteRange("bytes=2-", 10), { offset: 2, length: 8 });
  assert.deepEqual(parseByteRange("bytes=-3", 10), { offset: 7, length: 3 });
  assert.deepEqual(parseByteRange("bytes=-30", 10), { offset: 0, length: 10 });
  assert.deepEqual(parseByteRange("bytes=5-99999999999999999999", 10), { offset: 5, length: 5 });
  for (const text of [null, "", "items=0-1", "bytes=", "bytes=-", "bytes=3-1", "bytes=0-1,3-4", "bytes=a-b"]) {
    assert.equal(parseByteRange(text, 10), "whole", String(text));
  }
  for (const text of ["bytes=10-", "bytes=10-11", "bytes=-0"]) {
    assert.equal(parseByteRange(text, 10), "unsatisfiable", text);
  }
  assert.equal(parseByteRange("bytes=0-", 0), "unsatisfiable");
  assert.equal(parseByteRange("bytes=-1", 0), "unsatisfiable");
});

test("a range never leaves the file", () => {
  const end = fc.option(fc.nat(200), { nil: "" as const });
  fc.assert(fc.property(end, end, fc.nat(100), (first, last, size) => {
    const range = parseByteRange(`bytes=${first}-${last}`, size);
    if (typeof range === "string") return;
    assert.ok(range.offset >= 0 && range.length >= 1 && range.offset + range.length <= size);
    if (first !== "") assert.equal(range.offset, first);
  }));
});
