/** Small files of this disk, read at once: through promises, Node takes longer to read 4 KiB than to send them. */
import { closeSync, openSync, readSync } from "node:fs";
import { diskFailure } from "../save.ts";

/** The most bytes of a small file. */
export const SMALL = 64 * 1024;
/** Where the bytes come first: one more than is small, to see that there are no more. */
const room = new Uint8Array(SMALL + 1);

/** The bytes of a file; undefined where it is not small. @throws SixfoldError when it cannot be read */
export function readSmall(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const file = openSync(path, "r");
    try {
      let length = 0;
      for (let read = -1; read !== 0 && length < room.length; length += read) {
        read = readSync(file, room, length, room.length - length, length);
      }
      return length > SMALL ? undefined : room.slice(0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw diskFailure(error, path);
  }
}
