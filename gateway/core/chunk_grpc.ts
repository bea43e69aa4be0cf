/** PutChunk and GetChunk over native gRPC, message by message. */
import type { Client } from "@connectrpc/connect";
import { BlockChecksums, blockSeed, xxh64 } from "../../shared/checksum.ts";
import { parseChunkId, uuidToBytes } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import type { StorageService } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import type { BlockRange, ChunkToPut, ReadBlocks } from "./chunk_client.ts";
import type { ProgressClock } from "./progress_clock.ts";

type StorageClient = Client<typeof StorageService>;

/** All blocks. The daemon ends the stream at a bad block: reading goes on behind it. */
export async function getAll(
  client: StorageClient,
  headers: Readonly<Record<string, string>>,
  range: BlockRange,
  clock: ProgressClock,
): Promise<ReadBlocks> {
  const blocks: (Uint8Array | undefined)[] = [];
  let fault: SixfoldError | undefined;
  while (blocks.length < range.count) {
    const left = { ...range, first: range.first + blocks.length, count: range.count - blocks.length };
    const good = await getGood(client, headers, left, clock);
    blocks.push(...good.blocks);
    if (good.fault === undefined) continue;
    fault = good.fault;
    // Whoever is away, or has no such chunk, is not asked block by block.
    const skip = fault.code === "data_loss" ? 1 : range.count - blocks.length;
    blocks.push(...new Array(skip).fill(undefined));
  }
  return { blocks, fault };
}

/** Blocks up to the first that is not good. */
async function getGood(
  client: StorageClient,
  headers: Readonly<Record<string, string>>,
  range: BlockRange,
  clock: ProgressClock,
): Promise<ReadBlocks> {
  const { chunkId, first, count } = range;
  const { segment, index } = parseChunkId(chunkId);
  const upload = uuidToBytes(range.uploadId);
  const blocks: Uint8Array[] = [];
  const ended = new AbortController();
  try {
    const call = { headers, signal: AbortSignal.any([clock.signal, ended.signal]) };
    clock.start();
    for await (
      const block of client.getChunk({ chunkId, firstBlock: first, blockCount: count }, call)
    ) {
      clock.start();
      const number = first + blocks.length;
      if (block.xxh64 !== xxh64(block.data, blockSeed(upload, segment, index, number))) break;
      if (blocks.push(block.data) === count) return { blocks };
    }
    return { blocks, fault: new SixfoldError("data_loss", "a block of a chunk is bad") };
  } catch (error) {
    clock.signal.throwIfAborted();
    return { blocks, fault: SixfoldError.from(error) };
  } finally {
    // To leave the loop does not end the call; the signal does.
    ended.abort();
  }
}

/** The messages of PutChunk. The clock runs only while the daemon is waited for. */
export async function* putRequests(
  chunk: ChunkToPut,
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  clock: ProgressClock,
) {
  const { segment, index } = parseChunkId(chunk.chunkId);
  const uploadId = Uint8Array.from(uuidToBytes(chunk.uploadId));
  const sums = new BlockChecksums();
  let number = 0;
  let length = 0;
  clock.start();
  yield { part: { case: "header" as const, value: { ...chunk, uploadId, segment, index } } };
  clock.pause();
  for await (const data of blocks) {
    const sum = xxh64(data, blockSeed(uploadId, segment, index, number));
    sums.add(sum);
    clock.start();
    yield { part: { case: "block" as const, value: { number: number++, xxh64: sum, data } } };
    clock.pause();
    length += data.length;
  }
  clock.closing();
  yield { part: { case: "end" as const, value: { length: BigInt(length), xxh64: sums.digest() } } };
}
