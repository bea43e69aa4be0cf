/** When each chunk of a disk is read again: its folder has a number, and the numbers have their turns one after another. */
import { chunkFolder, writtenFrom } from "./chunk_id.ts";

/** Folders of chunks on a disk, and so the turns of one round. */
export const FOLDERS = 65_536;

/** How far a scrub has come. Turns are counted without end, since 1970. */
export interface ScrubProgress {
  /** From this turn on, none was left out. */
  readonly from: number;
  /** The turn that is next. */
  readonly place: number;
  /** The time of a round. */
  readonly periodSeconds: number;
}

/** The turn that is not due yet, and before which all are. @param now in ms since 1970 */
export function dueTurn(periodSeconds: number, now: number): number {
  return Math.floor(now / 1000 / periodSeconds * FOLDERS);
}

/**
 * When a chunk was last read again and found as it should be, unless damage was reported: in ms since 1970, or undefined
 * where its turn has not come since it was written.
 * @param committed when its file became visible
 */
export function verifiedAt(
  chunkId: string,
  committed: number,
  { from, place, periodSeconds }: ScrubProgress,
): number | undefined {
  const folder = Number.parseInt(chunkFolder(chunkId).replace("/", ""), 16);
  const last = place - 1;
  const turn = last - (((last - folder) % FOLDERS) + FOLDERS) % FOLDERS;
  const due = Math.floor((turn + 1) / FOLDERS * periodSeconds * 1000);
  return turn < from || due <= Math.max(committed, writtenFrom(chunkId)) ? undefined : due;
}
