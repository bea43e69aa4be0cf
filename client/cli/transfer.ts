/** Single files on their way up and down, with the time of their last change. */
import { lstatSync } from "node:fs";
import { mkdir, realpath, utimes } from "node:fs/promises";
import { basename, dirname, sep } from "node:path";
import { SixfoldError } from "../../shared/errors.ts";
import type { StoredFile, UploadProgress } from "../mod.ts";
import { diskFailure } from "../save.ts";
import { contentTypeOf } from "./content_type.ts";
import type { Place } from "./place.ts";
import type { CliSession } from "./session.ts";
import { readSmall, saveSmall, SMALL } from "./small_file.ts";
import { type Entry, entryOf, mtimeOf } from "./tree.ts";

/** What may be said of an upload. */
export interface PutOptions {
  readonly contentType?: string | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly onProgress?: (progress: UploadProgress) => void;
  /** What the file was when it was seen to be one. */
  readonly seen?: Entry;
}

/** Sends a file of this disk. @throws SixfoldError */
export async function putPath(
  { client, signal, resume }: CliSession,
  path: string,
  { bucket, key }: Place,
  { contentType = contentTypeOf(path), ifAbsent = false, onProgress = () => {}, seen }: PutOptions = {},
): Promise<StoredFile> {
  const { mtime } = seen ?? entryOf(path);
  const metadata = { mtime: String(mtime) };
  const small = seen !== undefined && seen.size <= SMALL ? readSmall(path, seen.size) : undefined;
  return await client.upload(small ?? { path }, {
    bucket,
    key,
    contentType,
    ifAbsent,
    metadata,
    signal,
    resume,
    onProgress,
  }).done;
}

/** Fetches a file to a path. @param onProgress hears how many bytes have come @throws SixfoldError */
export async function getPath(
  { client, signal }: CliSession,
  { bucket, key }: Place,
  path: string,
  onProgress?: (bytes: number, total: number) => void,
): Promise<StoredFile> {
  if (isFolder(path)) {
    throw new SixfoldError(
      "already_exists",
      `${path} is a folder, and "${basename(key)}" is a file; choose another name`,
    );
  }
  const download = await client.download(bucket, key, { signal });
  const { length, file } = download;
  const time = new Date(mtimeOf(file));
  if (length <= SMALL) {
    await saveSmall(path, await download.bytes(), time);
    onProgress?.(length, length);
  } else {
    await download.saveTo(path, (bytes) => onProgress?.(bytes, length));
    await utimes(path, time, time);
  }
  return file;
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch (error) {
    throw diskFailure(error, path);
  }
}

/**
 * Makes the folder for a path below a root.
 * @throws SixfoldError when a part of the path is a file, or a link that leads out of the root
 */
export async function makeFolder(root: string, path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const inWay = error instanceof Error && "code" in error && (error.code === "EEXIST" || error.code === "ENOTDIR");
    if (!inWay) throw diskFailure(error, folder);
    throw new SixfoldError("failed_precondition", `${folder} must be a folder, and is a file here; move it`, {
      cause: error,
    });
  }
  const [home, real] = [await realpath(root), await realpath(folder)];
  if (real === home || real.startsWith(home.endsWith(sep) ? home : home + sep)) return;
  throw new SixfoldError("permission_denied", `${folder} leads out of ${root} by a link; remove the link`);
}
