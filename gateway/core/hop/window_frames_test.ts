import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blockSeed, xxh64 } from "../../../shared/checksum.ts";
import { newUuid, uuidToBytes } from "../../../shared/chunk_id.ts";
import { framePrefixLength, writeFramePrefix } from "../../../shared/chunk_format.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { collect, frameBytes, inPlace, roomBytes, Rooms, scatter } from "./window_frames.ts";

const BLOCK = 4096;
const UPLOAD = newUuid();
const RANGE = { chunkId: `${UPLOAD}.0.2.0`, uploadId: UPLOAD, first: 3, count: 3 };

function frame(number: number, length: number): Uint8Array {
  const at = framePrefixLength(length);
  const bytes = new Uint8Array(at + length).fill(number, at);
  const sum = xxh64(bytes.subarray(at), blockSeed(uuidToBytes(UPLOAD), 0, 2, number));
  writeFramePrefix(bytes, 0, number, sum, length);
  return bytes;
}

const rooms = () => Array.from({ length: 3 }, () => new Uint8Array(roomBytes(BLOCK)));

test("however a body is cut, each frame comes to lie in a room of its own", () => {
  const body = Buffer.concat([frame(3, BLOCK), frame(4, BLOCK), frame(5, 100)]);
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), (cuts) => {
    const into = rooms();
    const filling = new Rooms(into, frameBytes(BLOCK));
    for (let at = 0, i = 0; at < body.length; i++) {
      const end = at + (cuts[i % cuts.length] ?? 1);
      filling.take(body.subarray(at, end));
      at = end;
    }
    assert.equal(filling.length, body.length);
    const { blocks, fault } = collect(inPlace(filling.filled()), RANGE);
    assert.equal(fault, undefined);
    assert.deepEqual(blocks.map((block) => [block?.length, block?.[0]]), [[BLOCK, 3], [BLOCK, 4], [100, 5]]);
    assert.ok(blocks.every((block, i) => block?.buffer === into[i]?.buffer));
  }));
});

test("a bad block costs itself alone, and what the server said of the missing ones is told", () => {
  const bad = frame(4, BLOCK);
  bad[bad.length - 1] = 77;
  const filling = new Rooms(rooms(), frameBytes(BLOCK));
  for (const bytes of [frame(3, BLOCK), bad, frame(5, 100)]) filling.take(bytes);
  const { blocks, fault } = collect(inPlace(filling.filled()), RANGE);
  assert.deepEqual(blocks.map((block) => block?.[0]), [3, undefined, 5]);
  assert.equal(fault?.code, "data_loss");
  const said = new SixfoldError("not_found", "there is nothing");
  assert.equal(collect({ messages: [], said }, RANGE).fault, said);
});

test("more than there is room for is refused, and does not fit", () => {
  const into = rooms();
  const all = 2 * frameBytes(BLOCK) + roomBytes(BLOCK);
  const filling = new Rooms(into, frameBytes(BLOCK));
  filling.take(new Uint8Array(all));
  assert.throws(() => filling.take(new Uint8Array(1)), /sent too much/);
  assert.equal(scatter(into, NaN, frameBytes(BLOCK)), undefined);
});
