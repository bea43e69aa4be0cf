/** What the command's arguments name: a place in the store, or a path here. */
import { SixfoldError } from "../../shared/errors.ts";

/** Marks a place in the store where a path could stand too. */
export const SCHEME = "sf://";

/** A bucket, and a key or the beginning of keys. */
export interface Place {
  readonly bucket: string;
  /** Empty for the whole bucket. */
  readonly key: string;
}

/** Whether an argument names a place in the store. */
export function isRemote(text: string): boolean {
  return text.startsWith(SCHEME);
}

/**
 * Reads `BUCKET/KEY`, with or without `sf://` before it.
 * @throws SixfoldError `invalid_argument` that says what is missing
 */
export function placeOf(text: string): Place {
  const [, bucket = "", key = ""] = /^(?:sf:\/\/)?([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === "") throw new SixfoldError("invalid_argument", `"${text}" names no bucket; write BUCKET/KEY`);
  return { bucket, key };
}

/** The same, where it has to be a file. @throws SixfoldError `invalid_argument` */
export function fileOf(text: string): Place {
  const place = placeOf(text);
  if (place.key === "" || place.key.endsWith("/")) {
    throw new SixfoldError("invalid_argument", `"${text}" names no file; write BUCKET/KEY`);
  }
  return place;
}

/** A folder's keys begin with this. */
export function prefixOf(key: string): string {
  return key === "" || key.endsWith("/") ? key : `${key}/`;
}

/** What to answer where a folder of keys has nothing in it: most often its bucket is another one. */
export function nothingBelow({ bucket, key }: Place): SixfoldError {
  return new SixfoldError("not_found", `nothing begins with ${bucket}/${key}; look at the bucket's name`);
}
