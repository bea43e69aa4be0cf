/** A file as Connect tells of it. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { FileView } from "../core/files/files.ts";

/** The message of a file. */
export function fileMessage(file: FileView) {
  return {
    id: file.id,
    bucket: file.bucket,
    key: file.key,
    size: BigInt(file.size),
    contentType: file.contentType,
    ...(file.sha256 ? { sha256: Uint8Array.from(file.sha256) } : {}),
    ...(file.treeSha256 ? { treeSha256: Uint8Array.from(file.treeSha256) } : {}),
    createdAt: timestampFromDate(file.createdAt),
    metadata: { ...file.metadata },
  };
}
