/** Reads a range of a file: windows of blocks from k chunks, parity where one is missing or bad, bytes in order. */
import { Stripe } from "../../shared/erasure.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { blockLength, CHUNKS, piecesOfStripe, stripesOfRange } from "../../shared/layout.ts";
import type { Manifest, SegmentRow } from "../db/files.ts";
import type { ChunkClient } from "./chunk_client.ts";
import type { Snapshot } from "./cluster.ts";

/** Bytes of one chunk that are asked for at once. */
const WINDOW = 2 * 1024 * 1024;

/** What downloads need. */
export interface DownloadParts {
  readonly client: ChunkClient;
  readonly snapshot: Snapshot;
}

/** The blocks of some stripes that are here, by chunk and then by stripe from the window's first. */
type Blocks = (Uint8Array | undefined)[][];

/**
 * The bytes of a range, in order, each verified. One window is read ahead.
 * @throws SixfoldError `data_loss` when a stripe has too few good blocks
 */
export async function* download(
  parts: DownloadParts,
  manifest: Manifest,
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
    if (from < to) yield* readSegment(parts, manifest.file.id, segment, from, to - from, signal);
  }
}

async function* readSegment(
  parts: DownloadParts,
  uploadId: string,
  segment: SegmentRow,
  offset: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { first, count } = stripesOfRange(offset, length, segment, segment.blockSize);
  const step = Math.max(1, Math.floor(WINDOW / segment.blockSize));
  const read = (from: number) => {
    const window = readWindow(parts, uploadId, segment, from, Math.min(step, first + count - from), signal);
    window.catch(() => {}); // It is awaited later, or never when the reader has left.
    return window;
  };
  let ahead = read(first);
  for (let from = first; from < first + count; from += step) {
    const blocks = await ahead;
    if (from + step < first + count) ahead = read(from + step);
    for (let i = 0; i < Math.min(step, first + count - from); i++) {
      for (const piece of piecesOfStripe(segment.length, segment, segment.blockSize, from + i, offset, length)) {
        const block = blocks[piece.index]?.[i];
        if (block === undefined) throw lost();
        yield block.subarray(piece.from, piece.to);
      }
    }
  }
}

/** All data blocks of some stripes, each verified. Parity is asked for only when a data block is missing. */
export async function readWindow(
  parts: DownloadParts,
  uploadId: string,
  segment: SegmentRow,
  first: number,
  count: number,
  signal: AbortSignal,
): Promise<Blocks> {
  const { k } = segment;
  const fetchChunk = (index: number) => readBlocks(parts, uploadId, segment, index, first, count, signal);
  const blocks: Blocks = await Promise.all(Array.from({ length: k }, (_, index) => fetchChunk(index)));
  if (blocks.every((chunk) => chunk.every((block) => block !== undefined))) return blocks;
  blocks.push(...await Promise.all(Array.from({ length: CHUNKS - k }, (_, i) => fetchChunk(k + i))));
  for (let i = 0; i < count; i++) mend(segment, blocks, first, i);
  return blocks;
}

/** The good blocks of one chunk in a window. A bad block costs itself alone: reading goes on behind it. */
async function readBlocks(
  { client, snapshot }: DownloadParts,
  uploadId: string,
  segment: SegmentRow,
  index: number,
  first: number,
  count: number,
  signal: AbortSignal,
): Promise<(Uint8Array | undefined)[]> {
  const chunk = segment.chunks.find((candidate) => candidate.index === index);
  const server = chunk && snapshot.servers.get(chunk.serverId);
  const blocks: (Uint8Array | undefined)[] = [];
  if (chunk === undefined || server === undefined || server.state === "stopped") return Array(count).fill(undefined);
  while (blocks.length < count) {
    const at = first + blocks.length;
    const good = await client.get(server, chunk.chunkId, uploadId, at, count - blocks.length, signal);
    blocks.push(...good.map((block, i) => rightLength(segment, at + i, block)));
    if (blocks.length < count) blocks.push(undefined);
  }
  return blocks;
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
