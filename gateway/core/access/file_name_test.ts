import assert from "node:assert/strict";
import { test } from "node:test";
import { checkBucket, keyBytes } from "./file_name.ts";

test("good names pass as they are", () => {
  for (const bucket of ["a", "demo", "My.bucket-1_x", "a".repeat(63)]) assert.equal(checkBucket(bucket), bucket);
  for (const key of ["a", "a b/日本.txt", "x".repeat(1024), "...", "con", "trailing."]) {
    assert.equal(new TextDecoder().decode(keyBytes(key)), key);
  }
});

test("bad names are refused", () => {
  for (const bucket of ["", ".a", "a/b", "a b", "ä", "a".repeat(64), "a\n"]) assert.throws(() => checkBucket(bucket));
  for (
    const key of ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0", "\ud800", "x".repeat(1025), "é".repeat(513)]
  ) {
    assert.throws(() => keyBytes(key), /a key has/, JSON.stringify(key));
  }
});
