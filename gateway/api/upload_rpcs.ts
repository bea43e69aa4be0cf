/** Uploads in parts over Connect and gRPC-Web: messages in, core calls, messages out. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { SixfoldError } from "../../shared/errors.ts";
import type { FileService, UploadHeader } from "../../shared/gen/sixfold/v1/files_pb.ts";
import type { HashedTile } from "../../shared/tiling.ts";
import { storePart } from "../core/files/parts.ts";
import { abortUpload, completeUpload, createUpload, getUpload, type UploadView } from "../core/files/sessions.ts";
import type { Store } from "../core/segments/store.ts";
import type { UploadRequest } from "../core/files/upload.ts";
import { fileMessage } from "./file_message.ts";

/** The most bytes of a part in a message. */
export const MAX_PART_BYTES = 8 * 1024 * 1024;

type UploadRpcs = Pick<
  ServiceImpl<typeof FileService>,
  "createUpload" | "uploadPart" | "getUpload" | "completeUpload" | "abortUpload"
>;

/** The RPCs of sessions. */
export function uploadRpcs(store: Store): UploadRpcs {
  return {
    async createUpload({ header }) {
      if (header === undefined) throw new SixfoldError("invalid_argument", "CreateUpload needs a header");
      return { upload: uploadMessage(await createUpload(store, requestOf(header))) };
    },
    async uploadPart({ uploadId, offset, data, sha256 }, { signal }) {
      if (data.length > MAX_PART_BYTES) {
        throw new SixfoldError("invalid_argument", `a part has at most ${MAX_PART_BYTES} bytes; send it in several`);
      }
      const request = { uploadId, offset: Number(offset), length: data.length, sha256, keepsCut: false };
      const send = () => storePart(store, request, once(data), signal);
      const part = await send().catch((error) => {
        // Another request has stored some of these bytes meanwhile: now they can be compared.
        if (SixfoldError.from(error).code !== "already_exists") throw error;
        return send();
      });
      return { part: partMessage(part) };
    },
    async getUpload({ uploadId, fromOffset, limit }) {
      const { upload, parts, next } = await getUpload(store, uploadId, Number(fromOffset), limit);
      return {
        upload: uploadMessage(upload),
        parts: parts.map(partMessage),
        ...(next === undefined ? {} : { nextOffset: BigInt(next) }),
      };
    },
    async completeUpload({ uploadId }, { signal }) {
      return { file: fileMessage(await completeUpload(store, uploadId, signal)) };
    },
    async abortUpload({ uploadId }) {
      await abortUpload(store, uploadId);
      return {};
    },
  };
}

/** What a header asks for. */
export function requestOf({ bucket, key, contentType, size, sha256, ifAbsent, metadata }: UploadHeader): UploadRequest {
  return {
    bucket,
    key,
    contentType: contentType || "application/octet-stream",
    size: size === undefined ? undefined : Number(size),
    sha256,
    ifAbsent,
    metadata,
  };
}

async function* once(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(data);
}

function uploadMessage({ id, bucket, key, size, received, expiresAt, file }: UploadView) {
  return {
    id,
    bucket,
    key,
    received: BigInt(received),
    ...(size === undefined ? {} : { size: BigInt(size) }),
    ...(expiresAt === undefined ? {} : { expiresAt: timestampFromDate(expiresAt) }),
    ...(file === undefined ? {} : { file: fileMessage(file) }),
  };
}

/** The message of a part. */
export function partMessage({ offset, length, sha256 }: HashedTile) {
  return { offset: BigInt(offset), length: BigInt(length), sha256: Uint8Array.from(sha256) };
}
