/** Whether ranges tile a file: pure arithmetic. All numbers are bytes. */
import { createHash } from "node:crypto";

/** A range of a file. */
export interface Tile {
  readonly offset: number;
  readonly length: number;
}

/** The byte after the last of a range. */
export function endOf({ offset, length }: Tile): number {
  return offset + length;
}

/**
 * What of [0, size) no tile covers.
 * @param tiles by offset; they do not overlap, and none reaches beyond `size`
 */
export function missingRanges(tiles: Iterable<Tile>, size: number): Tile[] {
  const missing: Tile[] = [];
  let at = 0;
  for (const tile of tiles) {
    if (tile.offset > at) missing.push({ offset: at, length: tile.offset - at });
    at = endOf(tile);
  }
  if (at < size) missing.push({ offset: at, length: size - at });
  return missing;
}

/** Ranges as text, first and last byte of each; of many only some. */
export function formatRanges(ranges: readonly Tile[], most = 20): string {
  const shown = ranges.slice(0, most).map((range) => `${range.offset}-${endOf(range) - 1}`);
  if (ranges.length > most) shown.push(`and ${ranges.length - most} more`);
  return shown.join(", ");
}

/** A piece of a file that was hashed by itself. */
export interface HashedTile extends Tile {
  readonly sha256: Uint8Array;
}

/** SHA-256 over the tiles in order, each as its length (8 bytes, little-endian) and its SHA-256. */
export function treeSha256(tiles: Iterable<HashedTile>): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  const length = new DataView(new ArrayBuffer(8));
  for (const tile of tiles) {
    length.setBigUint64(0, BigInt(tile.length), true);
    hash.update(new Uint8Array(length.buffer)).update(tile.sha256);
  }
  return new Uint8Array(hash.digest());
}
