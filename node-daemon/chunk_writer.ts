/** Writes one chunk file in the durable order: temporary file, blocks, fsync, rename, fsync of the folder. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BlockChecksums, blockSeed } from "../shared/checksum.ts";
import { parseChunkId, uuidToBytes } from "../shared/chunk_id.ts";
import {
  type ChunkFileHeader,
  encodeFooter,
  encodeHeader,
  END_FRAME,
  framePrefixLength,
  PAGE,
  pageChecksum,
  writeFramePrefix,
} from "../shared/chunk_format.ts";
import { diskFull, SixfoldError } from "../shared/errors.ts";
import { putBlockDataLength } from "../shared/grpc_web.ts";
import { addSpan, spanTime } from "../shared/telemetry.ts";

/** What is known of a chunk once its bytes are on the disk. */
export interface WrittenChunk {
  readonly length: number;
  readonly sha256: Uint8Array;
  /** Microseconds in write calls. */
  readonly writeMicros: number;
  /** Microseconds in the fsync of the file. */
  readonly syncMicros: number;
}

/** A block's frame and what is written beside it: the page before, of which it has the rest, and the two of the end. */
const BESIDE = 5 * PAGE;
/** Bytes of one write, at least; a large block is written as a whole. */
const WRITE = 1024 * 1024;
/** The most buffers that are kept while nobody writes. */
const KEEP = 16;
const idle: Uint8Array[] = [];

/** A chunk file that grows. Call `append` for each block, then `finish`; `discard` instead when anything fails. */
export class ChunkWriter {
  readonly #handle: FileHandle;
  readonly #header: ChunkFileHeader;
  readonly #headerChecksum: bigint;
  readonly #seedOf: (number: number) => bigint;
  readonly #sha256 = createHash("sha256");
  readonly #checksums = new BlockChecksums();
  /** What comes in lands in the first one while the other is being written. */
  #buffers: [Uint8Array, Uint8Array];
  #filled = 0;
  #position = 0;
  #writing = Promise.resolve();
  #blocks = 0;
  #length = 0;
  #shortBlock = false;
  #writeMicros = 0;
  #firstWrite = 0;

  private constructor(handle: FileHandle, header: ChunkFileHeader, page: Uint8Array) {
    const { segment, index } = parseChunkId(header.chunkId);
    const upload = uuidToBytes(header.uploadId);
    this.#handle = handle;
    this.#header = header;
    this.#headerChecksum = pageChecksum(page);
    this.#seedOf = (number) => blockSeed(upload, segment, index, number);
    const size = Math.max(WRITE, header.blockSize) + BESIDE;
    this.#buffers = [takeBuffer(size), takeBuffer(size)];
    this.#put(page);
  }

  /** Begins a file that must not exist yet. */
  static async open(path: string, header: ChunkFileHeader): Promise<ChunkWriter> {
    const page = encodeHeader(header);
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
    const handle = await open(path, flags | (constants.O_DIRECT ?? 0), 0o600).catch((error) => {
      // File systems without O_DIRECT (tmpfs before 6.6, some network ones) say so at open; the page cache will do there.
      if (error.code === "EINVAL") return open(path, constants.O_CREAT | constants.O_WRONLY, 0o600);
      throw error;
    });
    return new ChunkWriter(handle, header, page);
  }

  /**
   * Memory for a message of PutChunk, chosen so that the block in it lies where it belongs in the file: `append` then
   * copies nothing. It holds until the next `append`; undefined where such a message has no block that fits.
   */
  room(messageLength: number): Uint8Array | undefined {
    const length = putBlockDataLength(messageLength);
    if (length <= 0 || length > this.#header.blockSize) return undefined;
    const at = this.#filled + framePrefixLength(length) - (messageLength - length);
    return this.#buffers[0].subarray(at, at + messageLength);
  }

  /**
   * Takes the next block. Its bytes may be reused once this returns.
   * @throws SixfoldError `invalid_argument` when it is out of place or does not match its checksum; any error of the disk
   * that an earlier block has met
   */
  async append(number: number | undefined, checksum: bigint | undefined, data: Uint8Array): Promise<void> {
    const { blockSize } = this.#header;
    if (this.#shortBlock || data.length === 0 || data.length > blockSize) {
      throw new SixfoldError("invalid_argument", `all blocks but the last have ${blockSize} bytes, and none is empty`);
    }
    if (number !== undefined && number !== this.#blocks) {
      throw new SixfoldError("invalid_argument", `block ${number} came where block ${this.#blocks} belongs`);
    }
    const [buffer] = this.#buffers;
    const start = this.#filled + framePrefixLength(data.length);
    const end = start + data.length;
    const inPlace = data.buffer === buffer.buffer && data.byteOffset === buffer.byteOffset + start;
    if (!inPlace) buffer.set(data, start);
    const block = buffer.subarray(start, end);
    const computed = Bun.hash.xxHash64(block, this.#seedOf(this.#blocks));
    if (checksum !== undefined && checksum !== computed) {
      throw new SixfoldError("invalid_argument", `block ${this.#blocks} does not match its checksum; send it again`, {
        detail: "CHECKSUM_MISMATCH",
      });
    }
    this.#sha256.update(block);
    this.#checksums.add(computed);
    this.#shortBlock = block.length < blockSize;
    writeFramePrefix(buffer, this.#filled, this.#blocks, computed, block.length);
    this.#filled = end;
    this.#blocks++;
    this.#length += block.length;
    const room = buffer.length - end - 3 * PAGE;
    if (room < framePrefixLength(blockSize) + blockSize) await this.#turn();
  }

  /**
   * Writes what is left and makes the file durable. Its name is not durable yet.
   * @param end what the sender says it sent
   * @throws SixfoldError `invalid_argument` when that differs, or any error of the disk: then the file is lost, for a
   * second fsync may report success for pages that the kernel has dropped
   */
  async finish(end: { readonly length: number; readonly blockChecksums: bigint | undefined }): Promise<WrittenChunk> {
    const blockChecksums = this.#checksums.digest();
    if (this.#blocks === 0) throw new SixfoldError("invalid_argument", "a chunk has at least one block");
    if (end.length !== this.#length || (end.blockChecksums ?? blockChecksums) !== blockChecksums) {
      throw new SixfoldError("invalid_argument", "the end mark does not match the blocks; send the chunk again", {
        detail: "CHECKSUM_MISMATCH",
      });
    }
    const sha256 = new Uint8Array(this.#sha256.digest());
    const length = this.#length;
    const footer = { blocks: this.#blocks, length, sha256, blockChecksums, headerChecksum: this.#headerChecksum };
    this.#put(END_FRAME);
    this.#put(new Uint8Array((PAGE - this.#filled % PAGE) % PAGE));
    this.#put(encodeFooter(footer));
    await this.#turn();
    await this.#writing;
    const began = spanTime();
    await this.#handle.sync();
    const ended = spanTime();
    const syncMicros = Math.round((ended - began) * 1000);
    const busy = { "sixfold.bytes": this.#position, "sixfold.busy_ms": this.#writeMicros / 1000 };
    addSpan("disk.write", busy, this.#firstWrite, began);
    addSpan("disk.fsync", {}, began, ended);
    await this.#handle.close();
    giveBuffers(this.#buffers);
    return { length, sha256, writeMicros: Math.round(this.#writeMicros), syncMicros };
  }

  /**
   * Lets go of the file without finishing it. The buffers are not used again: more of the stream may still come to lie in
   * one of them.
   */
  async discard(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#handle.close().catch(() => {});
  }

  #put(bytes: Uint8Array): void {
    this.#buffers[0].set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** Begins to write all whole pages, once the write before has ended; what is left moves on to the other buffer. */
  async #turn(): Promise<void> {
    await this.#writing;
    const [full, next] = this.#buffers;
    const whole = this.#filled - this.#filled % PAGE;
    next.set(full.subarray(whole, this.#filled));
    this.#filled -= whole;
    this.#buffers = [next, full];
    this.#writing = this.#write(full, whole);
    this.#writing.catch(() => {}); // Whoever turns next, or finishes, hears of it.
  }

  async #write(buffer: Uint8Array, length: number): Promise<void> {
    const began = performance.now();
    this.#firstWrite ||= spanTime();
    // A full disk shortens a write before it fails one, so the count decides. What a short O_DIRECT write leaves may
    // begin within a page; the next write then fails, which is as good as a full disk's own error.
    for (let at = 0; at < length;) {
      const { bytesWritten } = await this.#handle.write(buffer, at, length - at, this.#position);
      if (bytesWritten === 0 || (bytesWritten % PAGE !== 0)) throw diskFull();
      at += bytesWritten;
      this.#position += bytesWritten;
    }
    this.#writeMicros += (performance.now() - began) * 1000;
  }
}

/** O_DIRECT wants whole pages from an aligned buffer, which a fresh large array is in Bun. Its bytes are anything. */
function takeBuffer(size: number): Uint8Array {
  const at = idle.findIndex(({ length }) => length === size);
  return at < 0 ? new Uint8Array(size) : idle.splice(at, 1)[0] ?? new Uint8Array(size);
}

function giveBuffers(buffers: readonly Uint8Array[]): void {
  idle.push(...buffers);
  while (idle.length > KEEP) idle.shift();
}
