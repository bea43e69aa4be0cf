/** Files by bucket and key: what is there, and its end. */
import { SixfoldError } from "../../shared/errors.ts";
import { deleteFile, type FileRow, findFile, findManifest, type Manifest } from "../db/files.ts";
import { checkBucket, keyBytes } from "./file_name.ts";
import type { UploadParts } from "./upload.ts";

/** What the calls on files need. */
export type Files = UploadParts;

/** A file's metadata. */
export type FileInfo = FileRow;

/** A file as callers see it. */
export interface FileView extends FileRow {
  /** The last part of the key. */
  readonly name: string;
}

/** @throws SixfoldError `not_found` */
export async function findFileAt({ sql }: Files, bucket: string, key: string): Promise<FileView> {
  const file = await findFile(sql, checkBucket(bucket), keyBytes(key));
  if (file === undefined) throw missing();
  return { ...file, name: lastPart(key) };
}

/** @throws SixfoldError `not_found` */
export async function readManifest(
  { sql }: Files,
  bucket: string,
  key: string,
): Promise<Manifest & { readonly file: FileView }> {
  const manifest = await findManifest(sql, checkBucket(bucket), keyBytes(key));
  if (manifest === undefined) throw missing();
  return { ...manifest, file: { ...manifest.file, name: lastPart(key) } };
}

/** Removes a file; its chunks leave the disks after the grace time. @throws SixfoldError `not_found` */
export async function deleteKey({ sql, graceSeconds }: Files, bucket: string, key: string): Promise<void> {
  if (await deleteFile(sql, checkBucket(bucket), keyBytes(key), null, graceSeconds) === undefined) throw missing();
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

function missing(): SixfoldError {
  return new SixfoldError("not_found", "there is no file under this bucket and key");
}
