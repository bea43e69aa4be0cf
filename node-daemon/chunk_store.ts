/** The chunks of one daemon on its disk: written once, verified whenever they are read, removed when told. */
import { createHash } from "node:crypto";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { chunkFolder, isChunkId } from "../shared/chunk_id.ts";
import type { ChunkFileHeader } from "../shared/chunk_format.ts";
import { SixfoldError } from "../shared/errors.ts";
import type { DecodedBlock } from "../shared/frame_codec.ts";
import { inSpan } from "../shared/telemetry.ts";
import { ChunkReader, type StoredBlock } from "./chunk_reader.ts";
import { ChunkWriter, type WrittenChunk } from "./chunk_writer.ts";
import { type DataFolder, exists, removeFile, syncFolder } from "./data_folder.ts";
import type { DiskSpace } from "./disk_space.ts";
import { Landing } from "./landing.ts";
import { OpenReaders } from "./open_readers.ts";
import { chunkOfQuarantined, quarantinePath } from "./quarantine.ts";

/** The most bad blocks that one verification names. */
const MAX_BAD_BLOCKS = 1000;

/** What the sender says at the end of a chunk. */
export interface EndMark {
  readonly length: number;
  /** Undefined where the sender did not say. */
  readonly blockChecksums: bigint | undefined;
}

const LAST_FOLDER = "ff/ff";

/** All chunks in one data folder. */
export class ChunkStore {
  readonly #folder: DataFolder;
  readonly #space: DiskSpace;
  readonly #writing = new Set<string>();
  #stored = 0;
  readonly #durableFolders = new Map<string, Promise<void>>();
  readonly #readers = new OpenReaders((chunkId) => this.open(chunkId));

  constructor(folder: DataFolder, space: DiskSpace) {
    this.#folder = folder;
    this.#space = space;
  }

  /** Chunks stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Stores a chunk: returns once its bytes and its name are durable. Whatever fails leaves nothing behind.
   * @param blocks the blocks in order; returns the end mark
   * @param landing hears where the blocks should come to lie
   * @throws SixfoldError `already_exists`, `invalid_argument`, `resource_exhausted` with `DISK_FULL`, `unavailable`
   * with `DISK_ERROR`
   */
  async put(
    header: ChunkFileHeader,
    expectedLength: number | undefined,
    blocks: AsyncGenerator<DecodedBlock, EndMark>,
    landing = new Landing(),
  ): Promise<WrittenChunk> {
    const { chunkId } = header;
    const path = this.#path(chunkId);
    // The id is claimed before the first await: two senders of one id must not both find it free.
    if (this.#writing.has(chunkId)) throw taken();
    this.#writing.add(chunkId);
    try {
      if (await exists(path)) throw taken();
      const written = await this.#write(header, path, expectedLength, blocks, landing);
      this.#stored++;
      return written;
    } finally {
      landing.close();
      this.#writing.delete(chunkId);
      await blocks.return({ length: 0, blockChecksums: 0n }).catch(() => {});
    }
  }

  async #write(
    header: ChunkFileHeader,
    path: string,
    expectedLength: number | undefined,
    blocks: AsyncGenerator<DecodedBlock, EndMark>,
    landing: Landing,
  ): Promise<WrittenChunk> {
    const { chunkId } = header;
    const temporary = join(this.#folder.tmp, chunkId);
    let writer: ChunkWriter | undefined;
    try {
      await this.#space.require(expectedLength ?? header.blockSize);
      const begun = writer = await ChunkWriter.open(temporary, header);
      landing.open((length) => begun.room(length));
      // Made durable while the bytes come in.
      const folder = this.#makeFolder(chunkFolder(chunkId));
      folder.catch(() => {});
      let step = await blocks.next();
      for (; !step.done; step = await blocks.next()) {
        await this.#space.require(step.value.data.length);
        await writer.append(step.value.number, step.value.xxh64, step.value.data);
      }
      const written = await writer.finish(step.value);
      // The order matters: the bytes are durable by now, then the name, then the folder that holds the name.
      await folder;
      await inSpan("disk.rename", {}, async () => {
        await rename(temporary, path);
        await syncFolder(join(path, ".."));
      });
      return written;
    } catch (error) {
      await writer?.discard();
      // A disk that refuses this as well must not hide why: the next start, or the garbage, removes what is left.
      await removeFile(temporary).catch(() => {});
      // After a failed fsync of the folder the name may be there: a chunk that was not acknowledged must not stay.
      await removeFile(path).catch(() => {});
      throw SixfoldError.from(error);
    }
  }

  /**
   * Opens a chunk; its header and footer have been checked. Close it.
   * @throws SixfoldError `not_found`, `data_loss`
   */
  async open(chunkId: string): Promise<ChunkReader> {
    const path = this.#path(chunkId);
    return await ChunkReader.open(path, chunkId).catch((error) => {
      throw SixfoldError.from(error);
    });
  }

  /**
   * Reads a chunk with a reader that is kept open for a while: the windows of one chunk are read one after another.
   * @throws SixfoldError as `open`
   */
  async read<T>(chunkId: string, use: (reader: ChunkReader) => Promise<T>): Promise<T> {
    return await this.#readers.use(chunkId, use);
  }

  /** Re-reads a whole chunk. */
  async verify(
    chunkId: string,
  ): Promise<{ intact: boolean; badBlocks: number[]; sha256: Uint8Array; bytes: number }> {
    const reader = await this.open(chunkId);
    const sha256 = createHash("sha256");
    const badBlocks: number[] = [];
    try {
      for (let number = 0; number < reader.footer.blocks; number++) {
        const block: StoredBlock | undefined = await reader.block(number).catch((error: unknown) => {
          if (error instanceof SixfoldError && error.code === "data_loss") return undefined;
          throw error;
        });
        if (block !== undefined) sha256.update(block.data);
        else if (badBlocks.push(number) === MAX_BAD_BLOCKS) break;
      }
      const digest = new Uint8Array(sha256.digest());
      const same = digest.every((byte, i) => byte === reader.footer.sha256[i]);
      return { intact: badBlocks.length === 0 && same, badBlocks, sha256: digest, bytes: reader.footer.length };
    } finally {
      await reader.close();
    }
  }

  /** Moves a chunk out of the way, durably: it lies in quarantine then. @returns whether it was there */
  async setAside(chunkId: string): Promise<boolean> {
    const path = this.#path(chunkId);
    if (!(await exists(path))) return false;
    await rename(path, quarantinePath(this.#folder, chunkId, Date.now()));
    this.#readers.forget(chunkId);
    await syncFolder(this.#folder.quarantine);
    await syncFolder(join(path, ".."));
    return true;
  }

  /** Puts a chunk back that was set aside. @returns whether it was there */
  async restore(chunkId: string): Promise<boolean> {
    const path = this.#path(chunkId);
    const found = (await readdir(this.#folder.quarantine)).find((name) =>
      chunkOfQuarantined(name)?.chunkId === chunkId
    );
    if (found === undefined || await exists(path)) return false;
    await this.#makeFolder(chunkFolder(chunkId));
    await rename(join(this.#folder.quarantine, found), path);
    await syncFolder(join(path, ".."));
    return true;
  }

  /** Removes a chunk, durably. @returns whether it was there */
  async remove(chunkId: string): Promise<boolean> {
    const path = this.#path(chunkId);
    if (!(await exists(path))) return false;
    await removeFile(path);
    // Also where it is being read: a chunk that is removed keeps no room on the disk.
    this.#readers.forget(chunkId);
    await syncFolder(join(path, ".."));
    return true;
  }

  /**
   * A page of chunk ids, in the order of their folders and names.
   * @param after a token of the page before, or empty
   * @param last the last folder that is looked into
   */
  async list(
    prefix: string,
    after: string,
    limit: number,
    last = LAST_FOLDER,
  ): Promise<{ ids: string[]; next: string }> {
    const ids: string[] = [];
    const only = prefix.length >= 36 ? chunkFolder(`${prefix.slice(0, 36)}.0.0.0`) : "";
    for (const first of await names(this.#folder.chunks, only.slice(0, 2))) {
      if (first < after.slice(0, 2) || first > last.slice(0, 2)) continue;
      for (const second of await names(join(this.#folder.chunks, first), only.slice(3))) {
        const folder = `${first}/${second}`;
        if (folder < after.slice(0, 5) || folder > last) continue;
        for (const id of await names(join(this.#folder.chunks, folder), "")) {
          if (!isChunkId(id) || !id.startsWith(prefix) || `${folder}/${id}` <= after) continue;
          if (ids.push(id) === limit) return { ids, next: `${folder}/${id}` };
        }
      }
    }
    return { ids, next: "" };
  }

  #path(chunkId: string): string {
    return join(this.#folder.chunks, chunkFolder(chunkId), chunkId);
  }

  /** Makes a folder whose name survives a power cut: each parent is synced after its child was made. */
  async #makeFolder(folder: string): Promise<void> {
    const [first = ""] = folder.split("/");
    await Promise.all([
      this.#once(folder, async () => {
        await mkdir(join(this.#folder.chunks, folder), { recursive: true });
        await syncFolder(join(this.#folder.chunks, first));
      }),
      this.#once(first, async () => {
        await mkdir(join(this.#folder.chunks, first), { recursive: true });
        await syncFolder(this.#folder.chunks);
      }),
    ]);
  }

  /** Does what makes a folder durable, once in the life of this process: all who need the folder wait for the same. */
  async #once(folder: string, make: () => Promise<void>): Promise<void> {
    const made = this.#durableFolders.get(folder) ?? make();
    this.#durableFolders.set(folder, made);
    await made.catch((error) => {
      this.#durableFolders.delete(folder);
      throw error;
    });
  }
}

function taken(): SixfoldError {
  return new SixfoldError("already_exists", "a chunk with this id exists; ids are used once");
}

async function names(folder: string, only: string): Promise<string[]> {
  const all = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return all.filter((name) => only === "" || name === only).sort();
}
