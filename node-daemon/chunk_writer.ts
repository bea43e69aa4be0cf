/** Writes one chunk file in the durable order: temporary file, blocks, fsync, rename, fsync of the folder. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BlockChecksums, blockSeed, xxh64 } from "../shared/checksum.ts";
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

/** What is known of a chunk once its bytes are on the disk. */
export interface WrittenChunk {
  readonly length: number;
  readonly sha256: Uint8Array;
  /** Microseconds in write calls. */
  readonly writeMicros: number;
  /** Microseconds in the fsync of the file. */
  readonly syncMicros: number;
}

/** Bytes of one write. O_DIRECT wants whole pages from an aligned buffer, which a fresh large array is in Bun. */
const BUFFER = 1024 * 1024;

/** A chunk file that grows. Call `append` for each block, then `finish`; `discard` instead when anything fails. */
export class ChunkWriter {
  readonly #handle: FileHandle;
  readonly #header: ChunkFileHeader;
  readonly #headerChecksum: bigint;
  readonly #seedOf: (number: number) => bigint;
  readonly #sha256 = createHash("sha256");
  readonly #checksums = new BlockChecksums();
  readonly #buffer: Uint8Array;
  readonly #prefix = new Uint8Array(32);
  #filled = 0;
  #position = 0;
  #blocks = 0;
  #length = 0;
  #shortBlock = false;
  #writeMicros = 0;

  private constructor(handle: FileHandle, header: ChunkFileHeader, page: Uint8Array, buffer: Uint8Array) {
    const { segment, index } = parseChunkId(header.chunkId);
    const upload = uuidToBytes(header.uploadId);
    this.#handle = handle;
    this.#header = header;
    this.#buffer = buffer;
    this.#headerChecksum = pageChecksum(page);
    this.#seedOf = (number) => blockSeed(upload, segment, index, number);
    buffer.set(page);
    this.#filled = PAGE;
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
    return new ChunkWriter(handle, header, page, new Uint8Array(BUFFER));
  }

  /**
   * Takes the next block. Its bytes may be reused once this returns.
   * @throws SixfoldError `invalid_argument` when it is out of place or does not match its checksum
   */
  async append(number: number | undefined, checksum: bigint | undefined, data: Uint8Array): Promise<void> {
    const { blockSize } = this.#header;
    if (this.#shortBlock || data.length === 0 || data.length > blockSize) {
      throw new SixfoldError("invalid_argument", `all blocks but the last have ${blockSize} bytes, and none is empty`);
    }
    if (number !== undefined && number !== this.#blocks) {
      throw new SixfoldError("invalid_argument", `block ${number} came where block ${this.#blocks} belongs`);
    }
    const computed = xxh64(data, this.#seedOf(this.#blocks));
    if (checksum !== undefined && checksum !== computed) {
      throw new SixfoldError("invalid_argument", `block ${this.#blocks} does not match its checksum; send it again`, {
        detail: "CHECKSUM_MISMATCH",
      });
    }
    this.#sha256.update(data);
    this.#checksums.add(computed);
    this.#shortBlock = data.length < blockSize;
    writeFramePrefix(this.#prefix, 0, this.#blocks, computed, data.length);
    await this.#put(this.#prefix.subarray(0, framePrefixLength(data.length)));
    await this.#put(data);
    this.#blocks++;
    this.#length += data.length;
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
    await this.#put(END_FRAME);
    await this.#put(new Uint8Array((PAGE - this.#filled % PAGE) % PAGE));
    const length = this.#length;
    const footer = { blocks: this.#blocks, length, sha256, blockChecksums, headerChecksum: this.#headerChecksum };
    await this.#put(encodeFooter(footer));
    await this.#flush();
    const began = performance.now();
    await this.#handle.sync();
    const syncMicros = Math.round((performance.now() - began) * 1000);
    await this.#handle.close();
    return { length, sha256, writeMicros: Math.round(this.#writeMicros), syncMicros };
  }

  /** Lets go of the file without finishing it. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(bytes.length - at, BUFFER - this.#filled);
      this.#buffer.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === BUFFER) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const began = performance.now();
    // A full disk shortens a write before it fails one, so the count decides. What a short O_DIRECT write leaves may
    // begin within a page; the next write then fails, which is as good as a full disk's own error.
    for (let at = 0; at < this.#filled;) {
      const { bytesWritten } = await this.#handle.write(this.#buffer, at, this.#filled - at, this.#position);
      if (bytesWritten === 0 || (bytesWritten % PAGE !== 0)) throw diskFull();
      at += bytesWritten;
      this.#position += bytesWritten;
    }
    this.#filled = 0;
    this.#writeMicros += (performance.now() - began) * 1000;
  }
}
