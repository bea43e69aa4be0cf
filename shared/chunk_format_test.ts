import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { BlockChecksums, blockSeed, xxh64 } from "./checksum.ts";
import * as format from "./chunk_format.ts";
import { uuidToBytes } from "./chunk_id.ts";
import { BlockSchema } from "./gen/sixfold/v1/storage_pb.ts";

const header: format.ChunkFileHeader = {
  chunkId: "019392a0-0000-7000-8000-00000000abcd.7.3.1",
  uploadId: "019392a0-1111-7000-8000-000000001234",
  k: 4,
  m: 2,
  blockSize: 4096,
  label: new TextEncoder().encode("demo/photo.jpg"),
};

/** A whole chunk file, in the simplest way. */
function chunkFile(data: Uint8Array): Uint8Array {
  const file = new Uint8Array(format.chunkFileSize(data.length, header.blockSize));
  const page = format.encodeHeader(header);
  file.set(page);
  const checksums = new BlockChecksums();
  const blocks = format.blockCount(data.length, header.blockSize);
  for (let number = 0; number < blocks; number++) {
    const block = data.subarray(number * header.blockSize, (number + 1) * header.blockSize);
    const checksum = xxh64(block, blockSeed(uuidToBytes(header.uploadId), 7, 3, number));
    checksums.add(checksum);
    const at = format.frameOffset(number, header.blockSize);
    file.set(block, format.writeFramePrefix(file, at, number, checksum, block.length));
  }
  file.set(format.END_FRAME, format.endFrameOffset(data.length, header.blockSize));
  const footer = format.encodeFooter({
    blocks,
    length: data.length,
    sha256: createHash("sha256").update(data).digest(),
    blockChecksums: checksums.digest(),
    headerChecksum: format.pageChecksum(page),
  });
  file.set(footer, file.length - format.PAGE);
  return file;
}

const golden = Uint8Array.from({ length: 4196 }, (_, i) => (i * 7) % 251);

test("version 1 is frozen: the golden file is what this code writes", () => {
  const kept = readFileSync(fileURLToPath(new URL("./testdata/chunk-v1.bin", import.meta.url).href));
  assert.deepEqual(Buffer.from(chunkFile(golden)), kept);
});

test("header and footer of the golden file say what was stored", () => {
  const kept = new Uint8Array(readFileSync(fileURLToPath(new URL("./testdata/chunk-v1.bin", import.meta.url).href)));
  assert.deepEqual(format.decodeHeader(kept.slice(0, format.PAGE)), header);
  const footer = format.decodeFooter(kept.slice(-format.PAGE));
  assert.equal(footer.blocks, 2);
  assert.equal(footer.length, 4196);
  assert.equal(footer.headerChecksum, format.pageChecksum(kept.subarray(0, format.PAGE)));
});

test("a flipped bit anywhere in header or footer is seen", () => {
  const footer = chunkFile(golden).slice(-format.PAGE);
  fc.assert(fc.property(fc.integer({ min: 0, max: format.PAGE * 8 - 1 }), (bit) => {
    for (
      const [page, decode] of [[format.encodeHeader(header), format.decodeHeader], [
        footer.slice(),
        format.decodeFooter,
      ]] as const
    ) {
      page[bit >> 3] = (page[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => decode(page), { code: "data_loss" });
    }
  }));
});

test("a frame is an envelope and the Block as protobuf writes it", () => {
  const lengths = [1, 127, 128, 16383, 16384, 1 << 20, 1 << 21, 1 << 22];
  for (const length of lengths) {
    const data = new Uint8Array(length).fill(5);
    const prefix = new Uint8Array(format.framePrefixLength(length));
    assert.equal(format.writeFramePrefix(prefix, 0, 9, 0xfedcba9876543210n, length), prefix.length);
    const message = new Uint8Array(prefix.length - 5 + length);
    message.set(prefix.subarray(5));
    message.set(data, prefix.length - 5);
    const block = create(BlockSchema, { number: 9, xxh64: 0xfedcba9876543210n, data });
    assert.deepEqual(Buffer.from(message), Buffer.from(toBinary(BlockSchema, block)));
    assert.equal(fromBinary(BlockSchema, message).number, 9);
    assert.deepEqual([...prefix.subarray(0, 5)], [
      0,
      ...new Uint8Array(new Uint32Array([message.length]).buffer).reverse(),
    ]);
  }
});

test("a header out of its bounds is refused", () => {
  const wrong: Partial<format.ChunkFileHeader>[] = [
    { chunkId: "x" },
    { uploadId: "x" },
    { k: 2, m: 4 },
    { blockSize: 1000 },
    { blockSize: 0 },
    { blockSize: format.MAX_BLOCK_SIZE + 4096 },
    { label: new Uint8Array(2049) },
  ];
  for (const field of wrong) {
    assert.throws(() => format.encodeHeader({ ...header, ...field }), { code: "invalid_argument" });
  }
});
