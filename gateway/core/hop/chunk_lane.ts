/** PutChunk and GetChunk with frames written and read in place, and what both ways to a daemon do alike. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BlockChecksums, blockSeed, xxh64 } from "../../../shared/checksum.ts";
import { parseChunkId, uuidToBytes } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import {
  type ChunkEnd,
  GetChunkRequestSchema,
  PutChunkRequestSchema,
  type PutChunkResponse,
  PutChunkResponseSchema,
} from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { encodeMessage, putBlockPrefix } from "../../../shared/grpc_web.ts";
import { annotate } from "../../../shared/telemetry.ts";
import type { BlockRange, ChunkToPut, ReadBlocks } from "./chunk_client.ts";
import type { Endpoint } from "./endpoints.ts";
import type { ProgressClock } from "./progress_clock.ts";

/** What stands before the name of either call. */
export const SERVICE = "/sixfold.v1.StorageService/";
/** What a daemon says of its disk. */
const DISK_TIME = /^disk\.read;dur=([\d.]+)/;

/** The two calls that move bytes, to any daemon. No block is copied on this side of the hop. */
export interface ChunkLane {
  /** As `ChunkClient.put`. */
  put(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    chunk: ChunkToPut,
    blocks: AsyncIterable<Uint8Array>,
    clock: ProgressClock,
  ): Promise<PutChunkResponse>;

  /** As `ChunkClient.get`; the blocks are views of `into`. */
  get(
    endpoint: Endpoint,
    headers: Readonly<Record<string, string>>,
    range: BlockRange,
    into: readonly Uint8Array[],
    clock: ProgressClock,
  ): Promise<ReadBlocks>;
}

/** Takes the body of a PutChunk. Each step returns when the memory of its bytes is the caller's again. */
export interface ChunkSink {
  writeSmallChunk(bytes: Uint8Array): Promise<void>;
  writeChunk(head: Uint8Array, rest: Uint8Array): Promise<void>;
  /** Writes the last bytes, and ends the body. */
  writeLastChunk(bytes: Uint8Array): Promise<void>;
}

/**
 * Sends a chunk and hears what becomes of it.
 * @param answer settles when the daemon has begun to answer
 * @param read reads the message of that answer, or throws the error in it
 */
export async function sendChunk<T>(
  sink: ChunkSink,
  answer: Promise<T>,
  read: (answer: T) => Promise<Uint8Array>,
  chunk: ChunkToPut,
  blocks: AsyncIterable<Uint8Array>,
  clock: ProgressClock,
): Promise<PutChunkResponse> {
  // The answer is awaited from the start: a daemon that refuses says so before the body has ended.
  let refused = false;
  answer.then(() => refused = true, () => refused = true);
  let ended = false;
  try {
    await sendBlocks(sink, chunk, blocks, clock, () => refused);
    ended = !refused;
  } catch (error) {
    // A daemon that has answered and closed breaks the body off; what it said matters more.
    await answer.catch(() => {
      throw error;
    });
    ended = false;
  }
  clock.closing();
  const message = await read(await answer);
  if (!ended) throw new SixfoldError("unavailable", "a storage server answered before it had all; try again");
  return fromBinary(PutChunkResponseSchema, message);
}

async function sendBlocks(
  sink: ChunkSink,
  chunk: ChunkToPut,
  blocks: AsyncIterable<Uint8Array>,
  clock: ProgressClock,
  refused: () => boolean,
): Promise<void> {
  const { segment, index } = parseChunkId(chunk.chunkId);
  const uploadId = Uint8Array.from(uuidToBytes(chunk.uploadId));
  const sums = new BlockChecksums();
  let number = 0;
  let length = 0;
  clock.start();
  await sink.writeSmallChunk(step({ case: "header", value: { ...chunk, uploadId, segment, index } }));
  clock.pause();
  for await (const data of blocks) {
    if (refused()) return;
    const sum = xxh64(data, blockSeed(uploadId, segment, index, number));
    sums.add(sum);
    clock.start();
    await sink.writeChunk(putBlockPrefix(number++, sum, data.length), data);
    clock.pause();
    length += data.length;
  }
  if (refused()) return;
  clock.start();
  await sink.writeLastChunk(step({ case: "end", value: { length: BigInt(length), xxh64: sums.digest() } }));
}

type Step = { readonly case: "header"; readonly value: object } | {
  readonly case: "end";
  readonly value: Pick<ChunkEnd, "length" | "xxh64">;
};

function step(part: Step): Uint8Array<ArrayBuffer> {
  const message = create(PutChunkRequestSchema, { part } as Parameters<typeof create<typeof PutChunkRequestSchema>>[1]);
  return encodeMessage(toBinary(PutChunkRequestSchema, message));
}

/** The request of GetChunk, in its envelope. */
export function windowRequest({ chunkId, first, count }: BlockRange): Uint8Array<ArrayBuffer> {
  const request = create(GetChunkRequestSchema, { chunkId, firstBlock: first, blockCount: count });
  return encodeMessage(toBinary(GetChunkRequestSchema, request));
}

/** Notes what the head of an answer tells of the time at the disk. */
export function noteDiskTime(timing: string | null, bytes: number): void {
  const read = DISK_TIME.exec(timing ?? "");
  if (read !== null) annotate({ "sixfold.bytes": bytes, "sixfold.daemon.read_ms": Number(read[1]) });
}

/**
 * Does one call under its clock.
 * @param cut ends the call at once
 * @throws what the clock's signal says, or a SixfoldError
 */
export async function underClock<T>(clock: ProgressClock, cut: () => void, talk: () => Promise<T>): Promise<T> {
  clock.signal.addEventListener("abort", cut);
  try {
    clock.signal.throwIfAborted();
    return await talk();
  } catch (error) {
    cut();
    clock.signal.throwIfAborted();
    throw error instanceof SixfoldError
      ? error
      : new SixfoldError("unavailable", "the connection to a storage server broke; try again", { cause: error });
  } finally {
    clock.signal.removeEventListener("abort", cut);
  }
}
