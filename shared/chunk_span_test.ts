import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkAttributes } from "./chunk_span.ts";

test("a span says the index that a chunk's id holds, and nothing of what is none", () => {
  const said = (chunkId: string) => {
    const { "sixfold.server.id": server, "sixfold.chunk.id": chunk, ...more } = chunkAttributes("7", chunkId);
    assert.deepEqual([server, chunk], ["7", chunkId]);
    return more["sixfold.chunk.index"];
  };
  assert.equal(said("01234567-89ab-7def-8123-456789abcdef.12.5.3"), 5);
  assert.equal(said("../x"), undefined);
  assert.equal(said(""), undefined);
});
