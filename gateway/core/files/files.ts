/** Files by bucket and key: what is there, and its end. */
import { isUuid } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import type { HashedTile } from "../../../shared/tiling.ts";
import { deleteRestorably, findLastDeleted, restoreFile, tooLate } from "../../db/deleted_files.ts";
import { type FileRow, findFile, findPlace, listSegments, type Manifest } from "../../db/files.ts";
import { isLimited, reaches } from "../access/caller.ts";
import { checkBucket, keyBytes } from "../access/file_name.ts";
import type { Verb } from "../access/rights.ts";
import type { Store } from "../segments/store.ts";

/** A file as callers see it: its row, with the key as the text that it is. */
export interface FileView extends Omit<FileRow, "key"> {
  readonly key: string;
}

/** The most parts of a page, and as many as are given when none are asked for. */
const MAX_PARTS = 1000;

const decoder = new TextDecoder();

/** What callers see of a row. */
export function viewOf(row: FileRow): FileView {
  return { ...row, key: decoder.decode(row.key) };
}

/** @throws SixfoldError `not_found` */
export async function findFileAt({ sql }: Store, bucket: string, key: string): Promise<FileView> {
  return viewOf(present(await findFile(sql, ...reached("read", bucket, key))));
}

/** A page of a file's segments, and where the next one begins. @throws SixfoldError `invalid_argument` */
export async function listFileParts(
  { sql }: Store,
  fileId: string,
  from: number,
  limit: number,
): Promise<{ readonly parts: readonly HashedTile[]; readonly next: number | undefined }> {
  if (!isUuid(fileId)) throw new SixfoldError("invalid_argument", "the id of a file is a UUID");
  if (isLimited("read")) {
    const place = await findPlace(sql, fileId);
    if (place === undefined || !reaches("read", place.bucket, decoder.decode(place.key))) {
      return { parts: [], next: undefined };
    }
  }
  const most = Math.min(limit || MAX_PARTS, MAX_PARTS);
  const rows = await listSegments(sql, fileId, from, most + 1);
  return { parts: rows.slice(0, most), next: rows[most]?.offset };
}

/** All that a read needs. @throws SixfoldError `not_found` */
export async function readManifest({ manifests }: Store, bucket: string, key: string): Promise<Manifest> {
  return present(await manifests.find(reached("read", bucket, key)));
}

/** Removes a file; its chunks leave the disks after the grace time. @returns its id @throws SixfoldError `not_found` */
export async function deleteKey({ sql, graceSeconds }: Store, bucket: string, key: string): Promise<string> {
  return present(await deleteRestorably(sql, ...reached("delete", bucket, key), graceSeconds));
}

/**
 * Brings a deleted file back.
 * @param id which one; empty for the one that was deleted last under the key
 * @throws SixfoldError `not_found` when it is too late; `already_exists` when another file has the key
 */
export async function undeleteKey({ sql }: Store, bucket: string, key: string, id: string): Promise<FileView> {
  const place = reached("write", bucket, key);
  if (id !== "" && !isUuid(id)) throw new SixfoldError("invalid_argument", "the id of a file is a UUID");
  const there = await findFile(sql, ...place);
  // Who asks again since an answer was lost has what was asked for.
  if (there?.id !== id) await restoreFile(sql, ...place, id || await lastDeleted(sql, place));
  return viewOf(present(await findFile(sql, ...place)));
}

async function lastDeleted(sql: Store["sql"], place: readonly [string, Uint8Array]): Promise<string> {
  const id = await findLastDeleted(sql, ...place);
  if (id === undefined) throw tooLate();
  return id;
}

/**
 * Bucket and key as PostgreSQL knows them, if the caller may do this there.
 * @throws SixfoldError `invalid_argument` for what is no name, `permission_denied`, `not_found` where it is foreign
 */
export function reached(verb: Verb, bucket: string, key: string): readonly [string, Uint8Array<ArrayBuffer>] {
  const names = [checkBucket(bucket), keyBytes(key)] as const;
  if (reaches(verb, bucket, key)) return names;
  throw noSuchFile();
}

/** The answer to whoever asks for a file that is not there, or is not for them. */
export function noSuchFile(): SixfoldError {
  return new SixfoldError("not_found", "there is no file under this bucket and key");
}

function present<T>(found: T | undefined): T {
  if (found === undefined) throw noSuchFile();
  return found;
}
