/** Reads one chunk file: its ends are checked at once, each block before it is handed on. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { blockSeed, xxh64 } from "../shared/checksum.ts";
import { parseChunkId, uuidToBytes } from "../shared/chunk_id.ts";
import {
  blockCount,
  type ChunkFileFooter,
  type ChunkFileHeader,
  chunkFileSize,
  decodeFooter,
  decodeHeader,
  frameOffset,
  framePrefixLength,
  PAGE,
  pageChecksum,
  writeFramePrefix,
} from "../shared/chunk_format.ts";
import { SixfoldError } from "../shared/errors.ts";
import { partForKernel } from "./sent_by_kernel.ts";

/** A block that was read and matches its checksum. */
export interface StoredBlock {
  readonly number: number;
  readonly xxh64: bigint;
  readonly data: Uint8Array;
}

/**
 * Chunks from so many bytes on are sent past the page cache: copying them out of it is half of what a read costs, and a
 * large file that passes once would push out the small ones that are read again and again.
 */
const DIRECT_FROM = 8 * 1024 * 1024;
/** For so long, in ms, what was read is taken to be in the page cache still. */
const CACHED_MS = 10_000;

/** An open chunk file. */
export class ChunkReader {
  readonly #handle: FileHandle;
  /** Reads past the page cache; opened by whoever wants frames first, for nobody else needs it. */
  #direct: Promise<FileHandle | undefined> | undefined;
  readonly #path: string;
  readonly #stats: Stats;
  /** What was last read through the page cache, and when. */
  #cached = { from: 0, to: 0, at: 0 };
  readonly header: ChunkFileHeader;
  readonly footer: ChunkFileFooter;

  private constructor(
    handle: FileHandle,
    path: string,
    stats: Stats,
    header: ChunkFileHeader,
    footer: ChunkFileFooter,
  ) {
    this.#handle = handle;
    this.#path = path;
    this.#stats = stats;
    this.header = header;
    this.footer = footer;
  }

  /**
   * Opens a chunk file and checks that it is whole and the one that was asked for.
   * @throws SixfoldError `data_loss` when it is damaged, cut or swapped
   */
  static async open(path: string, chunkId: string): Promise<ChunkReader> {
    const handle = await open(path, "r");
    try {
      const stats = await handle.stat();
      const { size } = stats;
      if (size < 3 * PAGE) throw damaged("shorter than any chunk");
      const headerPage = await readExactly(handle, 0, PAGE);
      const header = decodeHeader(headerPage);
      const footer = decodeFooter(await readExactly(handle, size - PAGE, PAGE));
      if (header.chunkId !== chunkId) throw damaged("another chunk under this name");
      if (footer.headerChecksum !== pageChecksum(headerPage)) throw damaged("made of two chunks");
      const { length, blocks } = footer;
      if (blocks !== blockCount(length, header.blockSize) || size !== chunkFileSize(length, header.blockSize)) {
        throw damaged("of the wrong size");
      }
      return new ChunkReader(handle, path, stats, header, footer);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Reads one block.
   * @throws SixfoldError `out_of_range`; `data_loss` when it does not match its checksum
   */
  async block(number: number): Promise<StoredBlock> {
    const { blockSize, chunkId, uploadId } = this.header;
    const { blocks, length } = this.footer;
    if (number >= blocks) throw new SixfoldError("out_of_range", `the chunk has ${blocks} blocks, none is ${number}`);
    const dataLength = number < blocks - 1 ? blockSize : length - number * blockSize;
    const prefixLength = framePrefixLength(dataLength);
    const frame = await readExactly(this.#handle, frameOffset(number, blockSize), prefixLength + dataLength);
    const data = frame.subarray(prefixLength);
    const { segment, index } = parseChunkId(chunkId);
    const checksum = xxh64(data, blockSeed(uuidToBytes(uploadId), segment, index, number));
    // The prefix follows from the data; so it is made anew and compared, and never believed.
    const prefix = new Uint8Array(prefixLength);
    writeFramePrefix(prefix, 0, number, checksum, dataLength);
    if (!prefix.every((byte, i) => byte === frame[i])) throw damaged(`bad in block ${number}`);
    return { number, xxh64: checksum, data };
  }

  /**
   * Reads the file's bytes as they are: frames that nobody has checked.
   * @param memory begins at a page, and has two pages more than `length`
   * @returns those bytes, somewhere in it
   */
  async frames(offset: number, length: number, memory: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const isLarge = this.footer.length >= DIRECT_FROM;
    const direct = isLarge ? await (this.#direct ??= openDirect(this.#path)) : undefined;
    const before = direct === undefined ? 0 : offset % PAGE;
    const whole = direct === undefined ? length : Math.ceil((before + length) / PAGE) * PAGE;
    const target = memory.subarray(0, whole);
    await fill(direct ?? this.#handle, offset - before, target).catch((error) => {
      // The file was cut since it was opened, and a read from its ragged end is none of whole pages.
      if (direct !== undefined && error.code === "EINVAL") return fill(this.#handle, offset - before, target);
      throw error;
    });
    if (!isLarge) this.#cached = { from: offset, to: offset + length, at: performance.now() };
    return memory.subarray(before, before + length);
  }

  /**
   * The same bytes for the kernel to send; undefined where `frames` has not just read them. The kernel reads what it sends
   * within the daemon's one thread, which a disk would hold up; what was read a moment ago it finds in the page cache. The
   * reader has to stay open until the answer has begun.
   */
  cachedFrames(offset: number, length: number): Blob | undefined {
    const { from, to, at } = this.#cached;
    const isCached = offset >= from && offset + length <= to && performance.now() - at < CACHED_MS;
    return isCached ? partForKernel(this.#handle.fd, offset, length) : undefined;
  }

  /** Whether the file under the chunk's name is still the one that was checked, and untouched since. */
  async isCurrent(): Promise<boolean> {
    const now = await stat(this.#path).catch(() => undefined);
    const { dev, ino, size, mtimeMs } = this.#stats;
    return now?.dev === dev && now.ino === ino && now.size === size && now.mtimeMs === mtimeMs;
  }

  /** Lets go of the file, a turn later: an answer that was made of a part of it has begun by then. */
  async close(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    await (await this.#direct)?.close();
    await this.#handle.close();
  }
}

/** Undefined where it cannot be had: the file system does not know it, files are too many, or the chunk has just left. */
async function openDirect(path: string): Promise<FileHandle | undefined> {
  return await open(path, constants.O_RDONLY | (constants.O_DIRECT ?? 0)).catch(() => undefined);
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await fill(handle, position, bytes);
  return bytes;
}

async function fill(handle: FileHandle, position: number, target: Uint8Array): Promise<void> {
  for (let at = 0; at < target.length;) {
    const { bytesRead } = await handle.read(target, at, target.length - at, position + at);
    if (bytesRead === 0) throw damaged("cut short");
    at += bytesRead;
  }
}

function damaged(how: string): SixfoldError {
  return new SixfoldError("data_loss", `the chunk is ${how}; it has to be rebuilt from the others`);
}
