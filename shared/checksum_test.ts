import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockChecksums, blockSeed, xxh64, xxh64Text } from "./checksum.ts";

test("XXH64 has the values of its specification", () => {
  assert.equal(xxh64(new Uint8Array(0)), 0xef46db3751d8e999n);
  assert.equal(xxh64Text("abc"), 0x44bc2cf5ad770999n);
});

test("a block's seed depends on every part of its place", () => {
  const id = new Uint8Array(16);
  const other = new Uint8Array(16).fill(1);
  const seeds = [blockSeed(id, 0, 0, 0), blockSeed(id, 1, 0, 0), blockSeed(id, 0, 1, 0), blockSeed(id, 0, 0, 1)];
  assert.equal(new Set([...seeds, blockSeed(other, 0, 0, 0)]).size, 5);
  assert.equal(blockSeed(id, 0, 0, 0), xxh64(new Uint8Array(28)));
});

test("the checksum over blocks is XXH64 of their checksums in order", () => {
  const running = new BlockChecksums();
  running.add(1n);
  running.add(0xffffffffffffffffn);
  const bytes = new Uint8Array(16).fill(255, 8);
  bytes[0] = 1;
  assert.equal(running.digest(), xxh64(bytes));
});
