/** Uploads whose bytes come one after another: what tus and the IETF's resumable uploads have in common. */
import { storePart } from "../core/files/parts.ts";
import { getUpload, type UploadView } from "../core/files/sessions.ts";
import type { Store } from "../core/segments/store.ts";

/** An upload, and where its first gap is: other doors may have left some. @throws SixfoldError `not_found` */
export async function findEnd(store: Store, id: string): Promise<{ readonly upload: UploadView; readonly at: number }> {
  for (let at = 0, from = 0;;) {
    const { upload, parts, next } = await getUpload(store, id, from, 0);
    if (upload.file !== undefined) return { upload, at: upload.received };
    for (const { offset, length } of parts) {
      if (offset !== at) return { upload, at };
      at += length;
    }
    if (next !== at) return { upload, at };
    from = at;
  }
}

/** Stores a request's body from an offset on. @returns where it ended @throws SixfoldError */
export async function append(
  store: Store,
  uploadId: string,
  offset: number,
  { headers, body, signal }: Request,
  sha256: Uint8Array | undefined,
): Promise<number> {
  const length = headers.get("content-length");
  const part = await storePart(
    store,
    { uploadId, offset, length: length === null ? undefined : Number(length), sha256, keepsCut: true },
    body ?? new ReadableStream({ start: (controller) => controller.close() }),
    signal,
  );
  return offset + part.length;
}
