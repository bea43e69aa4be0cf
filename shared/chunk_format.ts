/**
 * The chunk file, version 1. All numbers are little-endian but the lengths of the gRPC-Web envelopes.
 *
 * - bytes 0 to 4,095: the header page;
 * - from 4,096 on: a frame per block, so frame i begins at 4,096 + i x (length of a full frame);
 * - the gRPC-Web end frame, zeros to a page boundary;
 * - the last 4,096 bytes: the footer page.
 *
 * The frames and the end frame are a gRPC-Web response stream of `Block`s as it goes over the wire.
 */
import { xxh64 } from "./checksum.ts";
import { formatChunkId, parseChunkId, uuidFromBytes, uuidToBytes } from "./chunk_id.ts";
import { SixfoldError } from "./errors.ts";

/** The unit of header and footer, and what lengths and offsets of `O_DIRECT` are a multiple of. */
export const PAGE = 4096;
/** The most bytes of a chunk's label. */
export const MAX_LABEL = 2048;
/** The largest block. */
export const MAX_BLOCK_SIZE = 4 * 1024 * 1024;

const VERSION = 1;
const HEADER_MAGIC = new TextEncoder().encode("6FCHUNK\0");
const FOOTER_MAGIC = new TextEncoder().encode("6FEND\0\0\0");
const CHECKSUM_AT = PAGE - 8;
const LABEL_AT = 64;

/** What the header page says of a chunk. */
export interface ChunkFileHeader {
  readonly chunkId: string;
  /** The upload whose bytes these are: a UUID. It seeds the checksums of the blocks. */
  readonly uploadId: string;
  readonly k: number;
  readonly m: number;
  /** Bytes of a full block, a multiple of 4,096. */
  readonly blockSize: number;
  /** At most 2 KiB that the daemon does not read. */
  readonly label: Uint8Array;
}

/** What the footer page says of a chunk. */
export interface ChunkFileFooter {
  readonly blocks: number;
  /** Bytes of data. */
  readonly length: number;
  readonly sha256: Uint8Array;
  /** XXH64 over the checksums of the blocks. */
  readonly blockChecksums: bigint;
  /** The checksum of the header page: it ties the two ends of a file together. */
  readonly headerChecksum: bigint;
}

/** The gRPC-Web end frame of a stream that ended well. */
export const END_FRAME: Uint8Array = endFrame("grpc-status: 0\r\n");

function endFrame(trailers: string): Uint8Array {
  const text = new TextEncoder().encode(trailers);
  const frame = new Uint8Array(5 + text.length);
  frame[0] = 0x80;
  new DataView(frame.buffer).setUint32(1, text.length);
  frame.set(text, 5);
  return frame;
}

/** Bytes of a frame before its data: envelope 5, number 5, checksum 9, tag 1, and the varint of the length. */
export function framePrefixLength(dataLength: number): number {
  return 20 + varintLength(dataLength);
}

/** Where frame i begins in the file. */
export function frameOffset(number: number, blockSize: number): number {
  return PAGE + number * (framePrefixLength(blockSize) + blockSize);
}

/** How many blocks a chunk of this many bytes of data has. */
export function blockCount(length: number, blockSize: number): number {
  return Math.ceil(length / blockSize);
}

/** Where the end frame begins in the file of a chunk of this many bytes of data, at least 1. */
export function endFrameOffset(length: number, blockSize: number): number {
  const last = blockCount(length, blockSize) - 1;
  const lastLength = length - last * blockSize;
  return frameOffset(last, blockSize) + framePrefixLength(lastLength) + lastLength;
}

/** The size of the whole file; its footer is the last page. */
export function chunkFileSize(length: number, blockSize: number): number {
  return Math.ceil((endFrameOffset(length, blockSize) + END_FRAME.length) / PAGE) * PAGE + PAGE;
}

/**
 * Writes what stands before a block's data: the envelope, then `Block`'s fields in canonical order and width.
 * @returns the offset in `target` at which the data belongs
 */
export function writeFramePrefix(
  target: Uint8Array,
  at: number,
  number: number,
  checksum: bigint,
  dataLength: number,
): number {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint8(at, 0);
  view.setUint32(at + 1, framePrefixLength(dataLength) - 5 + dataLength);
  view.setUint8(at + 5, 0x0d);
  view.setUint32(at + 6, number, true);
  view.setUint8(at + 10, 0x11);
  view.setBigUint64(at + 11, checksum, true);
  view.setUint8(at + 19, 0x1a);
  let end = at + 20;
  for (let left = dataLength;; left >>>= 7) {
    view.setUint8(end++, left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) return end;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let left = value >>> 7; left > 0; left >>>= 7) length++;
  return length;
}

/**
 * The header page of a chunk.
 * @throws SixfoldError `invalid_argument` when a field is out of its bounds
 */
export function encodeHeader(header: ChunkFileHeader): Uint8Array {
  const id = parseChunkId(header.chunkId);
  const { k, m, blockSize, label } = header;
  if (!isLayout(k, m)) throw new SixfoldError("invalid_argument", `layout ${k}+${m} is none of 6+0, 5+1, 4+2, 3+3`);
  if (!isBlockSize(blockSize)) {
    throw new SixfoldError("invalid_argument", `block size ${blockSize} is not a multiple of ${PAGE} up to 4 MiB`);
  }
  if (label.length > MAX_LABEL) {
    throw new SixfoldError("invalid_argument", `a label has at most ${MAX_LABEL} bytes, not ${label.length}`);
  }
  const page = new Uint8Array(PAGE);
  const view = new DataView(page.buffer);
  page.set(HEADER_MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, id.segment, true);
  page.set([id.index, k, m], 16);
  view.setUint32(20, blockSize, true);
  page.set(uuidToBytes(id.writer), 24);
  view.setUint32(40, id.attempt, true);
  page.set(uuidToBytes(header.uploadId), 44);
  view.setUint32(60, label.length, true);
  page.set(label, LABEL_AT);
  return seal(page);
}

/**
 * Reads a header page.
 * @throws SixfoldError `data_loss` when the page is not whole
 */
export function decodeHeader(page: Uint8Array): ChunkFileHeader {
  const view = open(page, HEADER_MAGIC, "header");
  const index = view.getUint8(16);
  const k = view.getUint8(17);
  const m = view.getUint8(18);
  const blockSize = view.getUint32(20, true);
  const labelLength = view.getUint32(60, true);
  if (index > 5 || !isLayout(k, m) || !isBlockSize(blockSize) || labelLength > MAX_LABEL) throw damaged("header");
  const chunkId = formatChunkId({
    writer: uuidFromBytes(page.subarray(24, 40)),
    segment: view.getUint32(12, true),
    index,
    attempt: view.getUint32(40, true),
  });
  const uploadId = uuidFromBytes(page.subarray(44, 60));
  return { chunkId, uploadId, k, m, blockSize, label: page.slice(LABEL_AT, LABEL_AT + labelLength) };
}

/** The footer page of a chunk. */
export function encodeFooter(footer: ChunkFileFooter): Uint8Array {
  const page = new Uint8Array(PAGE);
  const view = new DataView(page.buffer);
  page.set(FOOTER_MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, footer.blocks, true);
  view.setBigUint64(16, BigInt(footer.length), true);
  page.set(footer.sha256, 24);
  view.setBigUint64(56, footer.blockChecksums, true);
  view.setBigUint64(64, footer.headerChecksum, true);
  return seal(page);
}

/**
 * Reads a footer page.
 * @throws SixfoldError `data_loss` when the page is not whole
 */
export function decodeFooter(page: Uint8Array): ChunkFileFooter {
  const view = open(page, FOOTER_MAGIC, "footer");
  return {
    blocks: view.getUint32(12, true),
    length: Number(view.getBigUint64(16, true)),
    sha256: page.slice(24, 56),
    blockChecksums: view.getBigUint64(56, true),
    headerChecksum: view.getBigUint64(64, true),
  };
}

/** The checksum at the end of a page. */
export function pageChecksum(page: Uint8Array): bigint {
  return new DataView(page.buffer, page.byteOffset, PAGE).getBigUint64(CHECKSUM_AT, true);
}

function seal(page: Uint8Array): Uint8Array {
  new DataView(page.buffer).setBigUint64(CHECKSUM_AT, xxh64(page.subarray(0, CHECKSUM_AT)), true);
  return page;
}

function open(page: Uint8Array, magic: Uint8Array, name: string): DataView {
  if (page.length !== PAGE || !magic.every((byte, i) => page[i] === byte)) throw damaged(name);
  if (xxh64(page.subarray(0, CHECKSUM_AT)) !== pageChecksum(page)) throw damaged(name);
  const view = new DataView(page.buffer, page.byteOffset, PAGE);
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw new SixfoldError("data_loss", `the chunk has format ${version}, this version reads ${VERSION}; upgrade`);
  }
  return view;
}

function damaged(name: string): SixfoldError {
  return new SixfoldError("data_loss", `the chunk's ${name} page is damaged; it has to be rebuilt from the others`);
}

function isLayout(k: number, m: number): boolean {
  return k + m === 6 && k >= 3;
}

/** Whether blocks may be of this size. */
export function isBlockSize(size: number): boolean {
  return size > 0 && size <= MAX_BLOCK_SIZE && size % PAGE === 0;
}
