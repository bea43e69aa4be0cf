import { BinaryReader } from "@bufbuild/protobuf/wire";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtobufWriter } from "./protobuf_writer.ts";

test("what is written is what a reader of protobuf finds, past the first room too", () => {
  const out = new ProtobufWriter();
  const long = "é".repeat(10_000);
  for (let round = 0; round < 2; round++) {
    const message = out.open(1);
    out.whole(2, 0);
    out.whole(3, Number.MAX_SAFE_INTEGER);
    out.double(4, -1.5);
    out.nanoseconds(5, 1.7e12 + 0.125);
    out.text(6, long);
    out.hex(7, "00ff7a");
    out.bytes(8, Uint8Array.of(1, 2));
    out.close(message);
    const whole = new BinaryReader(out.take());
    assert.equal(whole.tag()[0], 1);
    const reader = new BinaryReader(whole.bytes());
    assert.equal(whole.pos, whole.len);
    const fields: unknown[] = [];
    const read = [
      () => reader.uint64().toString(),
      () => reader.uint64().toString(),
      () => reader.double(),
      () => reader.fixed64().toString(),
      () => reader.string(),
      () => [...reader.bytes()],
      () => [...reader.bytes()],
    ];
    for (const next of read) fields.push([reader.tag()[0], next()]);
    assert.equal(reader.pos, reader.len);
    assert.deepEqual(fields, [
      [2, "0"],
      [3, String(Number.MAX_SAFE_INTEGER)],
      [4, -1.5],
      [5, "1700000000000125000"],
      [6, long],
      [7, [0, 255, 0x7a]],
      [8, [1, 2]],
    ]);
  }
});
