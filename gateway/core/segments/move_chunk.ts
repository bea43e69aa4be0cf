/** Copies one chunk to another server as it is: its blocks keep their checksums, and its SHA-256 must be the same. */
import { SixfoldError } from "../../../shared/errors.ts";
import { blockCount } from "../../../shared/chunk_format.ts";
import type { ChunkRow } from "../../db/files.ts";
import type { FileSegment } from "../../db/segments.ts";
import type { ServerRow } from "../../db/servers.ts";
import { type ChunkSender, sendChunk } from "./repair_chunk.ts";

/** Blocks that are read at once. */
const STEP = 2;

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
  for (let first = 0; first < total; first += STEP) {
    const count = Math.min(STEP, total - first);
    const room = await windows.take(blockSize, signal);
    try {
      const range = { chunkId, uploadId: fileId, first, count, blockSize };
      const { blocks, fault } = await client.get(from, range, room.rooms.slice(0, count), signal);
      if (fault !== undefined) throw fault;
      for (const block of blocks) {
        if (block === undefined) throw new SixfoldError("data_loss", "a chunk that should move cannot be read whole");
        await throttle.take(block.length, signal);
        yield block;
      }
    } finally {
      windows.give(room);
    }
  }
}
