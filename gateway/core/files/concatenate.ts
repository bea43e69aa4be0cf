/**
 * Puts uploads together that are each a part of one file. Chunks are named after the upload that wrote them, and their
 * checksums are seeded with its id, so they cannot change their file: the bytes are read, verified, and written once more.
 */
import { SixfoldError } from "../../../shared/errors.ts";
import { findPartSegments } from "../../db/parts.ts";
import { download } from "./download.ts";
import { storePart } from "./parts.ts";
import { withSession } from "./session_lease.ts";
import { abortUpload, completeUpload, createUpload, openUpload, type UploadView } from "./sessions.ts";
import type { Store } from "../segments/store.ts";
import type { UploadRequest } from "./upload.ts";

/**
 * Stores the bytes of partial uploads, one after another, as one file. They end with that.
 * @param madeFrom how they were named: who asks for the upload later is told, as of what is `said` of it
 * @throws SixfoldError `failed_precondition` where one is no partial upload, or not all of it has arrived; then, as after
 * every other error, the partial uploads are as they were
 */
export async function concatenate(
  store: Store,
  ids: readonly string[],
  madeFrom: string,
  request: Omit<UploadRequest, "size">,
  said: string | undefined,
  signal: AbortSignal,
): Promise<UploadView> {
  const sizes: number[] = [];
  for (const id of ids) sizes.push(await sizeOfPartial(store, id));
  const size = sizes.reduce((sum, size) => sum + size, 0);
  const whole = await createUpload(store, { ...request, size }, { said });
  try {
    let offset = 0;
    for (const [i, id] of ids.entries()) {
      const length = sizes[i] ?? 0;
      if (length > 0) await copy(store, id, whole.id, offset, length, signal);
      offset += length;
    }
    await completeUpload(store, whole.id, signal, madeFrom);
  } catch (error) {
    // What this leaves behind ends by itself.
    await abortUpload(store, whole.id).catch(() => {});
    throw error;
  }
  for (const id of ids) await abortUpload(store, id).catch(() => {});
  return { ...whole, madeFrom, received: size, expiresAt: undefined };
}

async function sizeOfPartial(store: Store, id: string): Promise<number> {
  const { partial, size, received } = await openUpload(store, id);
  if (!partial) {
    throw new SixfoldError("failed_precondition", "only uploads that began as partial ones are put together");
  }
  if (size === received) return size;
  throw new SixfoldError(
    "failed_precondition",
    `${received} of ${size ?? "unknown"} bytes of ${id} have arrived; go on`,
  );
}

async function copy(store: Store, from: string, to: string, offset: number, length: number, caller: AbortSignal) {
  const source = { file: { id: from }, inline: null, segments: await findPartSegments(store.sql, from) };
  await withSession(store, from, caller, (signal) => {
    const parts = { ...store, snapshot: store.cluster.now };
    const target = { uploadId: to, offset, length, sha256: undefined, keepsCut: false };
    return storePart(store, target, download(parts, source, 0, length, signal), signal);
  });
}
