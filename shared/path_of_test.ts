import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pathOf } from "./path_of.ts";

test("a path is what URL says it is, whatever stands in it and behind it", () => {
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
    const request = new Request(text);
    assert.equal(pathOf(request), new URL(text).pathname);
  }));
  for (
    const text of ["http://gateway", "http://gateway/", "http://gateway//a//b?c/d", "http://gateway/?", "http://a/#?"]
  ) {
    assert.equal(pathOf(new Request(text)), new URL(text).pathname);
  }
});
