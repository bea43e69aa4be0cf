/**
 * gRPC-Web in a page: browsers stream no requests, so a file goes as a session of parts of at most 8 MiB, which is
 * resumed by asking what is there.
 */
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";

const PART = 4 * 1024 * 1024;
const files = createClient(FileService, createGrpcWebTransport({ baseUrl: globalThis.location.origin }));

/** Stores what an input of type file has given, and goes on with an upload that was begun before. @returns its size */
async function send(blob: Blob, key: string, begun?: string): Promise<number> {
  const header = { bucket: "examples", key, size: BigInt(blob.size), contentType: blob.type };
  const uploadId = begun ?? (await files.createUpload({ header })).upload?.id ?? "";
  const there = new Set((await files.getUpload({ uploadId })).parts.map(({ offset }) => Number(offset)));
  for (let at = 0; at < blob.size; at += PART) {
    if (there.has(at)) continue;
    const data = new Uint8Array(await blob.slice(at, at + PART).arrayBuffer());
    await files.uploadPart({ uploadId, offset: BigInt(at), data });
  }
  return Number((await files.completeUpload({ uploadId })).file?.size);
}

Object.assign(globalThis, { send });
