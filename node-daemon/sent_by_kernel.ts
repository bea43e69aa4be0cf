/** A part of an open file that the kernel sends by itself (`sendfile`), straight from the page cache to a socket. */
import { closeSync, openSync } from "node:fs";

/** Of fewer bytes Bun makes a stream, which costs more than to read and copy them. */
const LEAST = 1024 * 1024;
/** Whether an open file has a name by which it can be opened again, whatever its own name has come to mean. */
const HAS_NAMES = hasNames();

/**
 * The body of an answer. Bun opens the file for it when the answer begins, and sends within its one thread: the file has
 * to be open until then, and the part should be in the page cache, for all of the process waits for a disk that is slow.
 * @returns undefined where the kernel cannot send it, or that costs more
 */
export function partForKernel(fd: number, position: number, length: number): Blob | undefined {
  return HAS_NAMES && length >= LEAST ? Bun.file(nameOf(fd)).slice(position, position + length) : undefined;
}

function nameOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function hasNames(): boolean {
  const fd = openSync(process.execPath, "r");
  try {
    closeSync(openSync(nameOf(fd), "r"));
    return true;
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
