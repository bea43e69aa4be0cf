import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkAttributes } from "./chunk_span.ts";

test("a span says the index that a chunk's id holds, and nothing of what is none", () => {
  const id = "01234567-89ab-7def-8123-456789abcdef.12.5.3";
  assert.deepEqual(chunkAttributes(id), { "sixfold.chunk.id": id, "sixfold.chunk.index": 5 });
  assert.deepEqual(chunkAttributes("../x"), { "sixfold.chunk.id": "../x" });
});
