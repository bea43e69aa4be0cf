/** Lists a bucket page by page in the order of the keys' bytes. */
import { SixfoldError } from "../../../shared/errors.ts";
import { listBuckets, listFiles } from "../../db/files.ts";
import { reachedBuckets, reaches } from "../access/caller.ts";
import { checkBucket } from "../access/file_name.ts";
import { type FileView, noSuchFile, viewOf } from "./files.ts";
import type { Store } from "../segments/store.ts";

/** The most entries of a page, and as many as are given when none are asked for. */
export const MAX_PAGE = 1000;

/** What to list. */
export interface ListRequest {
  readonly bucket: string;
  readonly prefix: string;
  /** Keys are folded at this text after the prefix; empty for none. */
  readonly delimiter: string;
  /** Of the page before; empty for the first. */
  readonly cursor: string;
  /** 0 for as many as a page may have. */
  readonly limit: number;
}

/** A page: its files, what the delimiter folded, and where the next page begins. */
export interface ListPage {
  readonly files: readonly FileView[];
  readonly prefixes: readonly string[];
  /** Empty at the end. */
  readonly cursor: string;
}

const encoder = new TextEncoder();

/** A page of the buckets that have a file and that the caller reaches into. @param after the last one of the page before, or empty */
export async function bucketPage(
  { sql }: Store,
  after: string,
  limit: number,
): Promise<{ readonly buckets: string[]; readonly more: boolean }> {
  if (after !== "") checkBucket(after);
  const most = Math.min(limit || MAX_PAGE, MAX_PAGE);
  const names = await listBuckets(sql, after, most + 1, reachedBuckets("read"));
  return { buckets: names.slice(0, most), more: names.length > most };
}

/** @throws SixfoldError `invalid_argument` for a bad bucket or cursor; `not_found` when some of it is foreign */
export async function listPage({ sql }: Store, request: ListRequest): Promise<ListPage> {
  const { prefix, delimiter } = request;
  const bucket = checkBucket(request.bucket);
  if (!reaches("read", bucket, prefix)) throw noSuchFile();
  const limit = Math.min(request.limit || MAX_PAGE, MAX_PAGE);
  const files: FileView[] = [];
  const prefixes: string[] = [];
  const end = behind(prefix);
  let from: Uint8Array = encoder.encode(prefix);
  let last: Uint8Array = request.cursor === "" ? new Uint8Array(0) : decodeCursor(request.cursor);
  if (compare(last, from) >= 0) from = following(last);
  while (files.length + prefixes.length < limit) {
    const wanted = limit - files.length - prefixes.length;
    const rows = await listFiles(sql, bucket, from, end, wanted);
    let folded = false;
    for (const row of rows) {
      const file = viewOf(row);
      const at = delimiter === "" ? -1 : file.key.indexOf(delimiter, prefix.length);
      if (at < 0) {
        files.push(file);
        last = row.key;
        continue;
      }
      const folder = file.key.slice(0, at + delimiter.length);
      prefixes.push(folder);
      last = behind(folder);
      folded = true;
      break;
    }
    if (!folded && rows.length < wanted) return { files, prefixes, cursor: "" };
    from = following(last);
  }
  return { files, prefixes, cursor: encodeCursor(last) };
}

/** Greater than every key that begins with this text, and less than any that follows: 0xFF occurs in no UTF-8. */
function behind(text: string): Uint8Array {
  return Uint8Array.of(...encoder.encode(text), 0xff);
}

/** The least bytes that are greater than these. */
function following(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes, 0);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function encodeCursor(after: Uint8Array): string {
  return btoa(String.fromCharCode(...after)).replaceAll("+", "-").replaceAll("/", "_");
}

function decodeCursor(cursor: string): Uint8Array {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new SixfoldError("invalid_argument", "the cursor is not one of a page before", { cause });
  }
}
