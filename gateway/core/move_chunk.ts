/** Copies one chunk to another server as it is: its blocks keep their checksums, and its SHA-256 must be the same. */
import { SixfoldError } from "../../shared/errors.ts";
import { blockCount } from "../../shared/chunk_format.ts";
import type { ChunkRow } from "../db/files.ts";
import type { FileSegment } from "../db/segments.ts";
import type { ServerRow } from "../db/servers.ts";
import { windowBytes } from "./chunk_lane.ts";
import { type ChunkSender, sendChunk } from "./repair_chunk.ts";

/** Bytes that are read at once. */
const WINDOW = 2 * 1024 * 1024;

/**
 * Copies a chunk.
 * @throws SixfoldError `data_loss` when it cannot be read whole: it has to be rebuilt, and not moved
 */
export async function moveChunk(
  sender: ChunkSender,
  file: FileSegment,
  chunk: ChunkRow,
  from: ServerRow,
  to: ServerRow,
): Promise<ChunkRow> {
  const copy = await sendChunk(sender, file, chunk.index, to, blocksOf(sender, file, chunk, from));
  if (copy.sha256 === chunk.sha256) return copy;
  throw new SixfoldError("data_loss", "the copy of a chunk is not what was recorded");
}

async function* blocksOf(
  { client, windows, throttle, signal }: ChunkSender,
  { fileId, segment }: FileSegment,
  { chunkId, length }: ChunkRow,
  from: ServerRow,
): AsyncGenerator<Uint8Array> {
  const { blockSize } = segment;
  const total = blockCount(length, blockSize);
  const step = Math.min(total, Math.max(1, Math.floor(WINDOW / blockSize)));
  for (let first = 0; first < total; first += step) {
    const count = Math.min(step, total - first);
    const taken = await windows.take(1, windowBytes(step, blockSize), signal);
    try {
      const [memory = new Uint8Array(0)] = taken.memory;
      const range = { chunkId, uploadId: fileId, first, count };
      const { blocks, fault } = await client.get(from, range, memory, signal);
      if (fault !== undefined) throw fault;
      for (const block of blocks) {
        if (block === undefined) throw new SixfoldError("data_loss", "a chunk that should move cannot be read whole");
        await throttle.take(block.length, signal);
        yield block;
      }
    } finally {
      windows.give(taken);
    }
  }
}
