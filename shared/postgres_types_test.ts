import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readArray, writeArray } from "./postgres_types.ts";

test("arrays of any text and of nothing come back as they were", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.string({ unit: "binary" }))), (values) => {
    assert.deepEqual(readArray(writeArray(values), String), values);
  }));
});

test("arrays as PostgreSQL writes them", () => {
  assert.deepEqual(readArray("{}", Number), []);
  assert.deepEqual(readArray("{1,NULL,-3}", Number), [1, null, -3]);
  assert.deepEqual(readArray('{plain,"with, \\"quotes\\"","NULL"}', String), ["plain", 'with, "quotes"', "NULL"]);
  assert.equal(writeArray([new Uint8Array([1, 255]), true, 5n]), '{"\\\\x01ff","true","5"}');
});
