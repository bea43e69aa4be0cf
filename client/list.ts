/** Lists a bucket, page after page. */
import { callRpc, type Gateways } from "./gateways.ts";
import { fileOfJson, type StoredFile } from "./stored_file.ts";

/** What to list. */
export interface ListOptions {
  /** Only keys that begin with this. */
  readonly prefix?: string;
  /** Folds keys at this text after the prefix into one entry, as folders; `/` for instance. */
  readonly delimiter?: string;
  /** Entries of a page, 1 to 1,000; all pages are listed. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/** A file, or the keys that a delimiter folded. */
export type ListEntry =
  | { readonly file: StoredFile; readonly prefix?: undefined }
  | { readonly file?: undefined; readonly prefix: string };

/** The entries in the order of their keys' bytes; on a page, folded ones come after files. @throws SixfoldError */
export async function* list(
  gateways: Gateways,
  bucket: string,
  { prefix = "", delimiter = "", pageSize = 0, signal }: ListOptions = {},
): AsyncGenerator<ListEntry> {
  let cursor = "";
  do {
    const request = { bucket, prefix, delimiter, cursor, limit: pageSize };
    const { files, prefixes, nextCursor } = await callRpc(gateways, "FileService/ListFiles", request, { signal });
    for (const file of Array.isArray(files) ? files : []) yield { file: fileOfJson(file) };
    for (const folded of Array.isArray(prefixes) ? prefixes : []) yield { prefix: String(folded) };
    cursor = typeof nextCursor === "string" ? nextCursor : "";
  } while (cursor !== "");
}
