/** Keys as paths on this disk: only where a key stays below its folder and means itself there. */
import { join } from "node:path";
import process from "node:process";
import { SixfoldError } from "../../shared/errors.ts";

/** Names that Windows keeps for devices, with or without an ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;
const MAX_NAME = 255;

/**
 * The path of a key below a folder.
 * @param key without the prefix that the folder stands for
 * @throws SixfoldError `invalid_argument` where the key would lead elsewhere, or is no path on this system
 */
export function pathOfKey(folder: string, key: string, windows = process.platform === "win32"): string {
  for (const name of key.split("/")) {
    const why = badName(name, windows);
    if (why !== undefined) {
      throw new SixfoldError(
        "invalid_argument",
        `the key "${key}" cannot be a path here: ${why}; get it under another name`,
      );
    }
  }
  return join(folder, ...key.split("/"));
}

function badName(name: string, windows: boolean): string | undefined {
  if (name === "" || name === "." || name === "..") return "it has an empty, . or .. part";
  if (name.includes("\0")) return "it has a NUL";
  if (new TextEncoder().encode(name).length > MAX_NAME) return `a part of it is longer than ${MAX_NAME} bytes`;
  if (!windows) return undefined;
  if (/[<>:"|?*\\]/.test(name) || [...name].some((character) => character < " ")) return "Windows forbids a character";
  if (/[. ]$/.test(name)) return "Windows drops a dot or space at the end";
  return DEVICE.test(name) ? "Windows keeps the name for a device" : undefined;
}
