/** Small files of this disk, read and written at once: through promises, Node takes longer for 4 KiB than to send them. */
import { closeSync, fsync, openSync, readSync, renameSync, utimesSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { diskFailure, saveFailure, unfinishedPath } from "../save.ts";

/** The most bytes of a small file. */
export const SMALL = 64 * 1024;

/** The first bytes of a file: so many, or all that it has. @throws SixfoldError when it cannot be read */
export function readSmall(path: string, size: number): Uint8Array<ArrayBuffer> {
  try {
    const file = openSync(path, "r");
    try {
      const bytes = new Uint8Array(size);
      for (let length = 0; length < size;) {
        const read = readSync(file, bytes, length, size - length, length);
        if (read === 0) return bytes.slice(0, length);
        length += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskFailure(error, path);
  }
}

const toDisk = promisify(fsync);

/** As `saveTo`, for bytes that are all there. @param time of the last change @throws SixfoldError */
export async function saveSmall(path: string, bytes: Uint8Array, time: Date): Promise<void> {
  const unfinished = unfinishedPath(path);
  try {
    const file = openSync(unfinished, "wx");
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      // Deno's futimes is often a millisecond short.
      utimesSync(unfinished, time, time);
      await toDisk(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw saveFailure(error, path);
  }
}
