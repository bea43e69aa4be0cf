import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { END_FRAME, framePrefixLength, writeFramePrefix } from "./chunk_format.ts";
import { SixfoldError } from "./errors.ts";
import { decodeBlock, type Frame, FrameDecoder } from "./frame_codec.ts";
import { BlockSchema } from "./gen/sixfold/v1/storage_pb.ts";

const LIMIT = 1000;

function envelope(flags: number, data: Uint8Array, length = data.length): Uint8Array {
  const frame = new Uint8Array(5 + data.length);
  frame[0] = flags;
  new DataView(frame.buffer).setUint32(1, length);
  frame.set(data, 5);
  return frame;
}

/** Pushes the body in pieces of the given sizes, then the rest, each piece as a view into a larger buffer. */
function decodeInPieces(body: Uint8Array, sizes: readonly number[]): Frame[] {
  const decoder = new FrameDecoder(LIMIT);
  const frames: Frame[] = [];
  let at = 0;
  for (const size of [...sizes, body.length]) {
    // Copied at once: a frame's bytes live until the next push only.
    const pushed = decoder.push(body.subarray(at, at + size));
    frames.push(...pushed.map(({ trailers, data }) => ({ trailers, data: data.slice() })));
    at = Math.min(at + size, body.length);
  }
  decoder.end();
  return frames;
}

const uint64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

test("any split of the bytes gives the same frames", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(fc.property(messages, fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 80 }), (messages, sizes) => {
    const body = Buffer.concat([...messages.map((message) => envelope(0, message)), END_FRAME]);
    const frames = decodeInPieces(body, sizes);
    assert.deepEqual(
      frames.map(({ data }) => [...data]),
      [...messages, END_FRAME.subarray(5)].map((data) => [...data]),
    );
    assert.deepEqual(frames.map(({ trailers }) => trailers), [...messages.map(() => false), true]);
  }));
});

test("byte by byte, and frames that a cut leaves whole are not copied", () => {
  const body = Buffer.concat([envelope(0, new Uint8Array([1, 2, 3])), envelope(0, new Uint8Array(0)), END_FRAME]);
  assert.equal(decodeInPieces(body, new Array(body.length).fill(1)).length, 3);
  const [first] = new FrameDecoder(LIMIT).push(body);
  assert.equal(first?.data.buffer, body.buffer);
});

test("a cut message comes to lie where the caller wants it, once the frames before are done with", () => {
  const memory = new Uint8Array(100);
  const asked: number[] = [];
  const decoder = new FrameDecoder(LIMIT, (length) => {
    asked.push(length);
    return length > 50 ? undefined : memory.subarray(7, 7 + length);
  });
  const body = Buffer.concat([envelope(0, new Uint8Array([1, 2])), envelope(0, new Uint8Array(50).fill(3)), END_FRAME]);
  for (const { data } of decoder.frames(body.subarray(0, 30))) assert.deepEqual([[...data], asked], [[1, 2], []]);
  const [placed] = decoder.frames(body.subarray(30));
  assert.deepEqual([placed?.data.buffer, placed?.data.byteOffset, asked], [memory.buffer, 7, [50]]);
  assert.ok(memory.subarray(7, 57).every((byte) => byte === 3));
  const long = Buffer.from(envelope(0, new Uint8Array(60).fill(4)));
  const other = new FrameDecoder(LIMIT, () => undefined);
  assert.deepEqual(
    [...other.frames(long.subarray(0, 20)), ...other.frames(long.subarray(20))].map(({ data }) => data.length),
    [60],
  );
});

test("a length over the limit is refused by its envelope alone", () => {
  for (const length of [LIMIT + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    for (const flags of [0, 0x80]) {
      const decoder = new FrameDecoder(LIMIT);
      const push = () => decoder.push(envelope(flags, new Uint8Array(0), length));
      assert.throws(push, { code: "resource_exhausted", detail: "TOO_LARGE", httpStatus: 413, retryable: false });
      assert.throws(push, { code: "invalid_argument" });
    }
  }
  assert.equal(new FrameDecoder(LIMIT).push(envelope(0, new Uint8Array(LIMIT))).length, 1);
});

test("compression, unknown flags and bytes after the trailers are refused", () => {
  const refused = (body: Uint8Array, code: string) => assert.throws(() => new FrameDecoder(LIMIT).push(body), { code });
  for (const flags of [0x01, 0x81]) refused(envelope(flags, new Uint8Array(1)), "unimplemented");
  for (const flags of [0x02, 0x40, 0xff]) refused(envelope(flags, new Uint8Array(1)), "invalid_argument");
  refused(Buffer.concat([END_FRAME, new Uint8Array(1)]), "invalid_argument");
});

test("a body that ends within a frame is seen at every cut", () => {
  const body = envelope(0, new Uint8Array([1, 2, 3]));
  for (let cut = 0; cut <= body.length; cut++) {
    const decoder = new FrameDecoder(LIMIT);
    decoder.push(body.subarray(0, cut));
    if (cut === 0 || cut === body.length) decoder.end();
    else assert.throws(() => decoder.end(), { code: "unavailable" });
    assert.equal(decoder.ended, false);
  }
});

test("what a frame's prefix and its data make is the canonical Block, and is read back", () => {
  fc.assert(fc.property(uint32, uint64, fc.uint8Array({ minLength: 1, maxLength: 400 }), (number, xxh64, data) => {
    const frame = new Uint8Array(framePrefixLength(data.length) + data.length);
    frame.set(data, writeFramePrefix(frame, 0, number, xxh64, data.length));
    const [message] = new FrameDecoder(LIMIT).push(frame);
    assert.ok(message);
    const canonical = toBinary(BlockSchema, create(BlockSchema, { number, xxh64, data }));
    assert.deepEqual(Buffer.from(message.data), Buffer.from(canonical));
    const block = decodeBlock(message.data);
    assert.deepEqual([block.number, block.xxh64, [...block.data]], [number, xxh64, [...data]]);
  }));
});

type Write = (writer: BinaryWriter) => BinaryWriter;

const unknownNumber = fc.integer({ min: 4, max: 0x1fff_ffff });
const field: fc.Arbitrary<Write> = fc.oneof(
  uint32.map((value): Write => (writer) => writer.tag(1, WireType.Bit32).fixed32(value)),
  uint64.map((value): Write => (writer) => writer.tag(2, WireType.Bit64).fixed64(value)),
  fc.uint8Array({ maxLength: 200 }).map((value): Write => (writer) =>
    writer.tag(3, WireType.LengthDelimited).bytes(value)
  ),
  fc.tuple(unknownNumber, uint64).map(([no, value]): Write => (writer) =>
    writer.tag(no, WireType.Varint).uint64(value)
  ),
  fc.tuple(unknownNumber, uint32).map(([no, value]): Write => (writer) =>
    writer.tag(no, WireType.Bit32).fixed32(value)
  ),
  fc.tuple(unknownNumber, uint64).map(([no, value]): Write => (writer) =>
    writer.tag(no, WireType.Bit64).fixed64(value)
  ),
  fc.tuple(unknownNumber, fc.string()).map(([no, value]): Write => (writer) =>
    writer.tag(no, WireType.LengthDelimited).string(value)
  ),
  unknownNumber.map((no): Write => (writer) =>
    writer.tag(no, WireType.StartGroup).tag(1, WireType.Bit32).fixed32(7).tag(no, WireType.EndGroup)
  ),
);

test("fields in any order, repeated, absent or unknown are read as protobuf reads them", () => {
  fc.assert(fc.property(fc.array(field, { maxLength: 10 }), (fields) => {
    const message = fields.reduce((writer, write) => write(writer), new BinaryWriter()).finish();
    const block = decodeBlock(message);
    const expected = fromBinary(BlockSchema, message);
    assert.deepEqual([block.number, block.xxh64, [...block.data]], [
      expected.number,
      expected.xxh64,
      [...expected.data],
    ]);
  }));
});

test("a malformed message gives an error of ours, and nothing else", () => {
  const wrong = [
    [0x0d, 1, 2, 3],
    [0x11, 1],
    [0x1a, 5, 1],
    [0x1a],
    [0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    new Array(11).fill(0x80),
    [0x00, 0],
    [0x27],
    [0x24],
    new Array(1000).fill(0x23),
    [0x23, 0x2c],
  ];
  for (const bytes of wrong) {
    assert.throws(() => decodeBlock(Uint8Array.from(bytes)), { code: "invalid_argument" }, bytes.join(" "));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    try {
      decodeBlock(bytes);
    } catch (error) {
      assert.ok(error instanceof SixfoldError);
    }
  }));
});
