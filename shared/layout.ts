/** How a segment's bytes lie in six chunks: pure arithmetic of blocks and stripes. All lengths are bytes. */

/** Chunks of every segment. */
export const CHUNKS = 6;

/** k data chunks and m parity chunks; any m chunks of a segment may be lost. */
export interface Layout {
  readonly k: number;
  readonly m: number;
}

/**
 * Reads `4+2`.
 * @throws RangeError when it is none of 6+0, 5+1, 4+2, 3+3
 */
export function parseLayout(text: string): Layout {
  const match = /^([3-6])\+([0-3])$/.exec(text);
  const k = Number(match?.[1]);
  const m = Number(match?.[2]);
  if (k + m !== CHUNKS) throw new RangeError(`layout "${text}" is none of 6+0, 5+1, 4+2, 3+3`);
  return { k, m };
}

/** Writes `4+2`. */
export function formatLayout({ k, m }: Layout): string {
  return `${k}+${m}`;
}

/** How many servers may be lost at any time after a write was acknowledged: floor((m + 1) / 2). */
export function tolerance({ m }: Layout): number {
  return Math.floor((m + 1) / 2);
}

/** How many stripes a segment has. */
export function stripeCount(length: number, { k }: Layout, blockSize: number): number {
  return Math.ceil(length / (k * blockSize));
}

/** The length of each of the six blocks of a stripe: a full block, or in the last stripe what is left, shared by k. */
export function blockLength(length: number, layout: Layout, blockSize: number, stripe: number): number {
  const left = length - stripe * layout.k * blockSize;
  return Math.min(blockSize, Math.ceil(left / layout.k));
}

/** Bytes of data in each of the six chunks of a segment. */
export function chunkLength(length: number, layout: Layout, blockSize: number): number {
  const stripes = stripeCount(length, layout, blockSize);
  if (stripes === 0) return 0;
  return (stripes - 1) * blockSize + blockLength(length, layout, blockSize, stripes - 1);
}

/** A piece of one data block. */
export interface BlockPiece {
  /** The chunk, 0 to k - 1. */
  readonly index: number;
  /** The first byte in the block. */
  readonly from: number;
  /** The byte after the last. */
  readonly to: number;
}

/** The stripes that hold a range of a segment's bytes. The range must not be empty and must lie in the segment. */
export function stripesOfRange(
  offset: number,
  length: number,
  { k }: Layout,
  blockSize: number,
): { readonly first: number; readonly count: number } {
  const stripeSize = k * blockSize;
  const first = Math.floor(offset / stripeSize);
  return { first, count: Math.floor((offset + length - 1) / stripeSize) - first + 1 };
}

/** The pieces of one stripe that hold a range of a segment's bytes, in the order of the file. */
export function piecesOfStripe(
  segmentLength: number,
  layout: Layout,
  blockSize: number,
  stripe: number,
  offset: number,
  length: number,
): BlockPiece[] {
  const start = stripe * layout.k * blockSize;
  const block = blockLength(segmentLength, layout, blockSize, stripe);
  const from = Math.max(offset - start, 0);
  const to = Math.min(offset + length - start, block * layout.k, segmentLength - start);
  const pieces: BlockPiece[] = [];
  for (let index = Math.floor(from / block); index * block < to; index++) {
    pieces.push({ index, from: Math.max(from - index * block, 0), to: Math.min(to - index * block, block) });
  }
  return pieces;
}
