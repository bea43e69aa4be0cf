import assert from "node:assert/strict";
import { test } from "node:test";
import { readPairs } from "./otel_pairs.ts";

test("pairs are decoded, and a value may have an equals sign in it", () => {
  assert.deepEqual(readPairs(""), {});
  assert.deepEqual(readPairs(" a = 1 ,,b.c=x%2Cy%3D,authorization=Basic dTpw=="), {
    a: "1",
    "b.c": "x,y=",
    authorization: "Basic dTpw==",
  });
  for (const list of ["a", "=1", "a=1,b", "a=%"]) assert.throws(() => readPairs(list), list);
});
