/** Copies a file: its bytes pass through here, for chunks on disk belong to the one file that they were written for. */
import { download } from "./download.ts";
import type { Gateways } from "./gateways.ts";
import type { StoredFile } from "./stored_file.ts";
import type { UploadOptions } from "./upload.ts";
import { Upload } from "./upload_handle.ts";

/** Where a file is, or goes. */
export interface FilePlace {
  readonly bucket: string;
  readonly key: string;
}

/** How to copy. */
export interface CopyOptions extends Pick<UploadOptions, "ifAbsent" | "signal" | "concurrency"> {
  /** Hears how many bytes of the copy are durable. */
  readonly onProgress?: (progress: { readonly sent: number; readonly total: number }) => void;
}

/** Stores a file's verified bytes, type and metadata under another key. @throws SixfoldError `not_found`, … */
export async function copy(
  gateways: Gateways,
  from: FilePlace,
  { bucket, key }: FilePlace,
  { onProgress = () => {}, ...options }: CopyOptions = {},
): Promise<StoredFile> {
  const { signal } = options;
  const { file, pieces } = await download(gateways, from.bucket, from.key, signal === undefined ? {} : { signal });
  return await new Upload(gateways, pieces, {
    ...options,
    bucket,
    key,
    contentType: file.contentType,
    metadata: file.metadata,
    onProgress: ({ sent }) => onProgress({ sent, total: file.size }),
    // A copy begins anew: nobody could give it the same stream again.
    resume: false,
  });
}
