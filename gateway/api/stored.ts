/** What is answered to whoever has stored a file. */
import type { FileView } from "../core/files.ts";
import { etagOf } from "./conditions.ts";

/** The answer that tells of a stored file. @param more headers */
export function storedAnswer(file: FileView, status: 200 | 201, more: Record<string, string> = {}): Response {
  const { id, bucket, key, size } = file;
  return Response.json({ id, bucket, key, size }, { status, headers: { etag: etagOf(file), ...more } });
}
