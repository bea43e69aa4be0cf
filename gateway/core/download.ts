/** Reads a range of a file: windows of blocks from k chunks, parity where one is missing or bad, bytes in order. */
import { Stripe } from "../../shared/erasure.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { blockLength, CHUNKS, piecesOfStripe, stripesOfRange } from "../../shared/layout.ts";
import type { Sql } from "../db/database.ts";
import { findInline, type Manifest, type SegmentRow } from "../db/files.ts";
import type { ChunkClient } from "./chunk_client.ts";
import { windowBytes } from "./chunk_lane.ts";
import type { Snapshot } from "./cluster.ts";
import type { WindowPool, Windows } from "./window_pool.ts";

/** Bytes of one chunk that are asked for at once. */
const WINDOW = 2 * 1024 * 1024;

/** What downloads need. */
export interface DownloadParts {
  readonly sql: Sql;
  readonly client: ChunkClient;
  readonly snapshot: Snapshot;
  readonly windows: WindowPool;
}

/** What is read: a file, or what a session has of one. */
export type Source = Pick<Manifest, "inline" | "segments"> & { readonly file: Pick<Manifest["file"], "id"> };

/** The blocks of some stripes that are here, by chunk and then by stripe from the window's first. */
type Blocks = (Uint8Array | undefined)[][];

/**
 * The bytes of a range, in order, each verified. A piece's bytes may change once the next one is asked for.
 * @throws SixfoldError `data_loss` when a stripe has too few good blocks
 */
export async function* download(
  parts: DownloadParts,
  manifest: Source,
  offset: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (manifest.inline !== null) {
    yield manifest.inline.subarray(offset, offset + length);
    return;
  }
  for (const segment of manifest.segments) {
    const from = Math.max(offset - segment.offset, 0);
    const to = Math.min(offset + length - segment.offset, segment.length);
    if (from >= to) continue;
    if (segment.inline) yield (await readInline(parts, manifest.file.id, segment)).subarray(from, to);
    else yield* readSegment(parts, manifest.file.id, segment, from, to - from, signal);
  }
}

async function readInline({ sql }: DownloadParts, fileId: string, { number }: SegmentRow): Promise<Uint8Array> {
  const bytes = await findInline(sql, fileId, number);
  if (bytes === undefined) throw new SixfoldError("aborted", "the file was deleted or replaced while it was read");
  return bytes;
}

async function* readSegment(
  parts: DownloadParts,
  uploadId: string,
  segment: SegmentRow,
  offset: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pool = parts.windows;
  const { k, blockSize } = segment;
  const { first, count } = stripesOfRange(offset, length, segment, blockSize);
  const step = Math.min(count, Math.max(1, Math.floor(WINDOW / blockSize)));
  const bytes = windowBytes(step, blockSize);
  const end = first + count;
  const read = (from: number, taken: Windows) => {
    const blocks = readWindow(parts, uploadId, segment, from, Math.min(step, end - from), taken.memory, signal);
    blocks.catch(() => {}); // It is awaited later, or never when the reader has left.
    return { taken, blocks };
  };
  let now = read(first, await pool.take(k, bytes, signal));
  let ahead: typeof now | undefined;
  try {
    for (let from = first;; from += step) {
      const blocks = await now.blocks;
      // One window is read ahead where there is memory for it at once; nobody waits with a window in hand.
      const room = from + step < end ? pool.tryTake(k, bytes) : undefined;
      ahead = room && read(from + step, room);
      for (let i = 0; i < Math.min(step, end - from); i++) {
        for (const piece of piecesOfStripe(segment.length, segment, blockSize, from + i, offset, length)) {
          const block = blocks[piece.index]?.[i];
          if (block === undefined) throw lost();
          yield block.subarray(piece.from, piece.to);
        }
      }
      if (from + step >= end) return;
      pool.give(now.taken);
      // Between the two, nothing is held: a download that waits in line here keeps no other from going on.
      now = ahead ?? read(from + step, await pool.take(k, bytes, signal));
      ahead = undefined;
    }
  } finally {
    for (const window of [now, ahead]) {
      // What is still being read into is given back when that has ended.
      if (window !== undefined) void window.blocks.then(() => {}, () => {}).then(() => pool.give(window.taken));
    }
  }
}

/**
 * All data blocks of some stripes, each verified. Parity is asked for only when a data block is missing.
 * @param memory for each of the k data chunks, `windowBytes` in which its blocks may come to lie
 */
export async function readWindow(
  parts: Pick<DownloadParts, "client" | "snapshot">,
  uploadId: string,
  segment: SegmentRow,
  first: number,
  count: number,
  memory: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<Blocks> {
  const { k, blockSize } = segment;
  const fetchChunk = (index: number) => {
    const into = memory[index] ?? new Uint8Array(windowBytes(count, blockSize));
    return readBlocks(parts, uploadId, segment, index, first, count, into, signal);
  };
  const blocks: Blocks = await Promise.all(Array.from({ length: k }, (_, index) => fetchChunk(index)));
  if (blocks.every((chunk) => chunk.every((block) => block !== undefined))) return blocks;
  blocks.push(...await Promise.all(Array.from({ length: CHUNKS - k }, (_, i) => fetchChunk(k + i))));
  for (let i = 0; i < count; i++) mend(segment, blocks, first, i);
  return blocks;
}

/** The good blocks of one chunk in a window. */
async function readBlocks(
  { client, snapshot }: Pick<DownloadParts, "client" | "snapshot">,
  uploadId: string,
  segment: SegmentRow,
  index: number,
  first: number,
  count: number,
  into: Uint8Array,
  signal: AbortSignal,
): Promise<(Uint8Array | undefined)[]> {
  const chunk = segment.chunks.find((candidate) => candidate.index === index);
  const server = chunk && snapshot.servers.get(chunk.serverId);
  if (chunk === undefined || server === undefined || server.state === "stopped") return Array(count).fill(undefined);
  const blocks = await client.get(server, { chunkId: chunk.chunkId, uploadId, first, count }, into, signal);
  return blocks.map((block, i) => block && rightLength(segment, first + i, block));
}

function rightLength(segment: SegmentRow, stripe: number, block: Uint8Array): Uint8Array | undefined {
  return block.length === blockLength(segment.length, segment, segment.blockSize, stripe) ? block : undefined;
}

/** Decodes the data blocks that one stripe lacks. */
function mend(segment: SegmentRow, blocks: Blocks, first: number, i: number): void {
  const present = new Set([...blocks.keys()].filter((index) => blocks[index]?.[i] !== undefined));
  const missing = [...Array(segment.k).keys()].filter((index) => !present.has(index));
  if (missing.length === 0) return;
  if (present.size < segment.k) throw lost();
  const length = blockLength(segment.length, segment, segment.blockSize, first + i);
  const stripe = new Stripe(segment, Math.ceil(length / 16) * 16);
  for (const index of present) stripe.blocks[index]?.set(blocks[index]?.[i] ?? []);
  stripe.decode(present, length);
  for (const index of missing) {
    const chunk = blocks[index];
    if (chunk) chunk[i] = stripe.blocks[index]?.subarray(0, length);
  }
}

function lost(): SixfoldError {
  return new SixfoldError("data_loss", "too few good chunks of this file are left to read it now");
}
