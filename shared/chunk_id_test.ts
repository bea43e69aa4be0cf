import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  chunkFolder,
  formatChunkId,
  isChunkId,
  newUuid,
  parseChunkId,
  uuidFromBytes,
  uuidToBytes,
} from "./chunk_id.ts";

const writer = "019392a0-0000-7000-8000-00000000abcd";

test("a chunk id is read and written in one spelling", () => {
  const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(fc.uuid(), uint32, fc.integer({ min: 0, max: 5 }), uint32, (writer, segment, index, attempt) => {
      const id = { writer, segment, index, attempt };
      assert.deepEqual(parseChunkId(formatChunkId(id)), id);
    }),
  );
});

test("nothing else can become a file name", () => {
  const wrong = ["", "../x", `${writer}.0.6.0`, `${writer}.00.0.0`, `${writer}.0.0`, `${writer}.0.0.0/..`];
  wrong.push(`${writer.toUpperCase()}.0.0.0`, `${writer}.4294967296.0.0`, `${writer}.0.0.0\n`, ` ${writer}.0.0.0`);
  for (const text of wrong) {
    assert.equal(isChunkId(text), false, text);
    assert.throws(() => parseChunkId(text), { code: "invalid_argument" });
  }
});

test("a chunk lies in the folder of its writer's last digits", () => {
  assert.equal(chunkFolder(`${writer}.1.2.3`), "ab/cd");
});

test("UUIDs become bytes and back, and new ones are of version 7", () => {
  assert.equal(uuidFromBytes(uuidToBytes(writer)), writer);
  assert.throws(() => uuidToBytes("no"), { code: "invalid_argument" });
  assert.match(newUuid(0x0193_92a0_1234), /^019392a0-1234-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
