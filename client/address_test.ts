import assert from "node:assert/strict";
import { test } from "node:test";
import { filePath, gatewayAddresses } from "./address.ts";

test("addresses lose the slash at their end, and what is none is refused", () => {
  assert.deepEqual(gatewayAddresses(["http://a:1/", "https://b/sixfold/"]), ["http://a:1", "https://b/sixfold"]);
  for (const bad of ["", "localhost:8080", "ftp://a", []]) assert.throws(() => gatewayAddresses(bad), /gateway/);
});

test("a key keeps its bytes on the way through a URL", () => {
  for (const key of ["a b", "a/b", "日本", "50%", "a?b#c", "..a", "a%2Fb", "a\\b"]) {
    const { pathname } = new URL(`http://g${filePath("b", key)}`);
    assert.equal(decodeURIComponent(pathname.slice("/v1/files/b/".length)), key);
  }
});

test("a key that a URL would turn into another one is refused", () => {
  for (const key of ["", "a//b", "/a", "a/", ".", "..", "a/../b", "a/./b", "\ud800"]) {
    assert.throws(() => filePath("b", key), { code: "invalid_argument" }, key);
  }
});
