import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { SixfoldError } from "./errors.ts";
import { FrameDecoder } from "./frame_codec.ts";
import { PutChunkRequestSchema } from "./gen/sixfold/v1/storage_pb.ts";
import {
  decodePutStep,
  encodeMessage,
  encodeTrailers,
  errorOfTrailers,
  parseTrailers,
  putBlockDataLength,
  putBlockPrefix,
} from "./grpc_web.ts";

const checksum = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const number = fc.integer({ min: 0, max: 0xffff_ffff });

test("a block written in place is what protobuf reads, and is read in place again", () => {
  fc.assert(fc.property(number, checksum, fc.uint8Array({ minLength: 1, maxLength: 20_000 }), (number, xxh64, data) => {
    const frame = Uint8Array.of(...putBlockPrefix(number, xxh64, data.length), ...data);
    const [decoded] = new FrameDecoder(1 << 20).push(frame);
    assert.ok(decoded);
    const { part } = fromBinary(PutChunkRequestSchema, decoded.data);
    assert.ok(part.case === "block");
    assert.deepEqual([part.value.number, part.value.xxh64, part.value.data], [number, xxh64, data]);
    const step = decodePutStep(decoded.data);
    assert.ok(step.case === "block");
    assert.deepEqual([step.value.number, step.value.xxh64, step.value.data], [number, xxh64, data]);
  }));
});

test("the length of a message tells that of its block, but for one where a varint grows", () => {
  for (const length of [1, 100, 5000, 65_536, 1 << 20, (1 << 20) + (1 << 19), 4 << 20]) {
    assert.equal(putBlockDataLength(putBlockPrefix(0, 0n, length).length - 5 + length), length);
  }
  for (let length = 1; length < 20_000; length++) {
    assert.ok(Math.abs(putBlockDataLength(putBlockPrefix(0, 0n, length).length - 5 + length) - length) <= 1);
  }
  for (let length = 0; length < 16; length++) assert.ok(putBlockDataLength(length) <= 0);
});

test("whatever protobuf writes is read the same, by the book where it is not one block alone", () => {
  const block = fc.record({
    number: fc.option(number, { nil: undefined }),
    xxh64: fc.option(checksum, { nil: undefined }),
    data: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(fc.property(block, fc.uint8Array({ maxLength: 12 }), (value, noise) => {
    const message = create(PutChunkRequestSchema, { part: { case: "block", value: value as never } });
    const bytes = toBinary(PutChunkRequestSchema, message);
    const step = decodePutStep(bytes);
    assert.ok(step.case === "block");
    assert.deepEqual([step.value.number, step.value.xxh64, step.value.data], [value.number, value.xxh64, value.data]);
    const read = (act: () => { readonly case: string | undefined }) => {
      try {
        return act().case ?? "nothing";
      } catch {
        return "refused";
      }
    };
    const joined = Uint8Array.of(...bytes, ...noise);
    assert.equal(read(() => decodePutStep(joined)), read(() => fromBinary(PutChunkRequestSchema, joined).part));
  }));
});

test("an end mark may leave its checksum out", () => {
  const end = { case: "end" as const, value: { length: 7n } };
  const step = decodePutStep(toBinary(PutChunkRequestSchema, create(PutChunkRequestSchema, { part: end })));
  assert.ok(step.case === "end");
  assert.deepEqual([step.value.length, step.value.xxh64], [7n, undefined]);
});

test("trailers carry an error's code, message and detail, and the message of an internal one stays here", () => {
  const tell = (error?: SixfoldError) => {
    const [frame] = new FrameDecoder(4096).push(encodeTrailers(error));
    assert.ok(frame?.trailers);
    return errorOfTrailers(parseTrailers(frame.data));
  };
  assert.equal(tell(), undefined);
  const full = tell(new SixfoldError("resource_exhausted", "voll: 100 %\r\n日本", { detail: "DISK_FULL" }));
  assert.deepEqual([full?.code, full?.message, full?.detail], [
    "resource_exhausted",
    "voll: 100 %\r\n日本",
    "DISK_FULL",
  ]);
  const secret = tell(new SixfoldError("internal", "the password is"));
  assert.deepEqual([secret?.code, secret?.message], ["internal", "internal error"]);
  assert.equal(errorOfTrailers(new Headers())?.code, "internal");
});

test("a message keeps its bytes in its envelope", () => {
  assert.deepEqual([...encodeMessage(Uint8Array.of(7, 8))], [0, 0, 0, 0, 2, 7, 8]);
});
