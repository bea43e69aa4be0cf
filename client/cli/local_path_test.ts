import assert from "node:assert/strict";
import { sep } from "node:path";
import { test } from "node:test";
import { pathOfKey } from "./local_path.ts";

test("a key stays below its folder", () => {
  assert.equal(pathOfKey("/data", "a/b c/日本.txt"), ["", "data", "a", "b c", "日本.txt"].join(sep));
  assert.equal(pathOfKey("/data", "..a/b..", false), ["", "data", "..a", "b.."].join(sep));
  for (const key of ["..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", ".", "", "a\0b", "x".repeat(256)]) {
    assert.throws(() => pathOfKey("/data", key, false), { code: "invalid_argument" }, key);
  }
});

test("names that mean something else on Windows are refused there, and only there", () => {
  for (const key of ["C:/x", "a\\..\\b", "con", "Aux.txt", "a.", "a ", "x:stream", "a/b?", "\u0001"]) {
    assert.throws(() => pathOfKey("d", key, true), { code: "invalid_argument" }, key);
    pathOfKey("d", key, false);
  }
});
