import assert from "node:assert/strict";
import { test } from "node:test";
import { headersOf, metadataFrom, metadataOf } from "./metadata.ts";

test("metadata goes from headers to headers", () => {
  const metadata = metadataOf(new Headers({ "Sixfold-Meta-Author": "ann", "content-type": "a/b" }));
  assert.deepEqual(metadata, { "sixfold-meta-author": "ann" });
  assert.deepEqual(headersOf(metadata), metadata);
});

test("metadata never becomes another header, or a line of one", () => {
  assert.deepEqual(metadataFrom({ author: "ann" }), { "sixfold-meta-author": "ann" });
  for (const bad of [{ "a b": "x" }, { "": "x" }, { a: "x\r\nset-cookie: y" }, { a: "日本" }, { a: 1 }]) {
    assert.equal(metadataFrom(bad), undefined);
  }
  assert.deepEqual(headersOf({ "set-cookie": "x", "sixfold-meta-a": "\n", "sixfold-meta-b": "y" }), {
    "sixfold-meta-b": "y",
  });
});
