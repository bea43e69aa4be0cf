/** What is answered to whoever has stored a file. */
import type { FileView } from "../core/files/files.ts";
import { etagOf } from "./conditions.ts";
import { WholeAnswer } from "./whole_answer.ts";

const encoder = new TextEncoder();

/** The answer that tells of a stored file. @param more headers */
export function storedAnswer(file: FileView, status: 200 | 201, more: Record<string, string> = {}): Response {
  const { id, bucket, key, size } = file;
  const headers = { "content-type": "application/json", etag: etagOf(file), ...more };
  return new WholeAnswer(status, headers, encoder.encode(JSON.stringify({ id, bucket, key, size })));
}
