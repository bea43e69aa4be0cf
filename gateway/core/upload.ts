/** Stores a file: intent, segment, commit; or nothing at all. */
import { create, toBinary } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import { newUuid } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { ChunkLabelSchema } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { CHUNKS } from "../../shared/layout.ts";
import { segmentPosition } from "../../shared/ring.ts";
import { findFile } from "../db/files.ts";
import { abandonIntent, beginIntent, commitFile, type NewFile, renewIntent, settleIntent } from "../db/uploads.ts";
import type { StoredSegment, StrayChunk } from "../db/uploads.ts";
import { BodyReader } from "./body_reader.ts";
import { checkBucket, keyBytes } from "./file_name.ts";
import { type FileView, viewOf } from "./files.ts";
import { placeChunks } from "./placement.ts";
import { writeSegment } from "./segment_writer.ts";
import type { Store } from "./store.ts";

/** What a user asks for. */
export interface UploadRequest {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In bytes, where declared; checked before the file becomes visible. */
  readonly size: number | undefined;
  /** Where declared; checked before the file becomes visible. */
  readonly sha256: Uint8Array | undefined;
  readonly ifAbsent: boolean;
}

const LEASE_SECONDS = 300;
const RENEW_MS = 60_000;

/**
 * Stores a body under a key. When this returns, the file is durable and visible.
 * @throws SixfoldError; then nothing is visible, and what was written is garbage
 */
export async function upload(
  store: Store,
  request: UploadRequest,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<FileView> {
  checkBucket(request.bucket);
  const key = keyBytes(request.key);
  if ((request.size ?? 0) > store.maxFile) throw tooLarge(store.maxFile);
  if (request.ifAbsent && await findFile(store.sql, request.bucket, key)) throw exists();
  const body = new BodyReader(source);
  const hash = createHash("sha256");
  const id = newUuid();
  const { bucket, contentType, metadata } = request;
  let size = 0;
  const finish = async (inline: Uint8Array | null, segments: StoredSegment[], strays: StrayChunk[]) => {
    const sha256 = new Uint8Array(hash.digest());
    checkDeclared(request, size, sha256);
    const file = { id, bucket, key, size, contentType, sha256, metadata, inline, segments };
    return await commit(store, file, request.ifAbsent, strays);
  };
  try {
    const head = new Uint8Array(store.inlineMax + 1);
    const headLength = await body.fill(head);
    if (headLength <= store.inlineMax) {
      size = headLength;
      hash.update(head.subarray(0, size));
      return await finish(size === 0 && store.inlineMax === 0 ? null : head.slice(0, size), [], []);
    }
    body.unread(head.subarray(0, headLength));
    const strays: StrayChunk[] = [];
    const snapshot = store.cluster.now;
    const order = snapshot.ring.successors(segmentPosition(bucket, request.key, 0), snapshot.ring.servers);
    const placed = placeChunks(order.slice(0, CHUNKS), store.pool.layout);
    const usable = order.flatMap((id) => snapshot.servers.get(id) ?? []);
    await beginIntent(store.sql, id, LEASE_SECONDS);
    const renewal = setInterval(() => void renewIntent(store.sql, id, LEASE_SECONDS).catch(() => {}), RENEW_MS);
    try {
      const count = (bytes: number) => {
        size += bytes;
        if (size > store.maxFile) throw tooLarge(store.maxFile);
      };
      const label = toBinary(ChunkLabelSchema, create(ChunkLabelSchema, { bucket, key, contentType }));
      const { client, pool } = store;
      const plan = { uploadId: id, number: 0, placed, usable, label, client, pool, count, fileHash: hash };
      const segment = await writeSegment(plan, body, strays, signal);
      const kept = new Set(segment.chunks.map(({ chunkId }) => chunkId));
      return await finish(null, [segment], strays.filter(({ chunkId }) => !kept.has(chunkId)));
    } catch (error) {
      // Every chunk that may exist is named: those that were never written are removed without harm.
      await abandonIntent(store.sql, id, strays).catch(() => {});
      throw error;
    } finally {
      clearInterval(renewal);
    }
  } catch (error) {
    if (signal.aborted) throw new SixfoldError("canceled", "the client went away", { cause: error });
    throw error;
  } finally {
    await body.cancel().catch(() => {});
  }
}

async function commit(store: Store, file: NewFile, ifAbsent: boolean, strays: StrayChunk[]): Promise<FileView> {
  const { sql, graceSeconds } = store;
  const { inline: _inline, segments: _segments, ...row } = file;
  try {
    return viewOf({ ...row, createdAt: await commitFile(sql, file, { ifAbsent, graceSeconds, strays }) });
  } catch (error) {
    if (error instanceof SixfoldError || file.segments.length === 0) throw error;
    // The answer may have been lost after the commit: the outcome is settled, never guessed.
    if (await settleIntent(sql, file.id) === "abandoned") throw error;
    return viewOf(await findFile(sql, file.bucket, file.key) ?? { ...row, createdAt: new Date() });
  }
}

function checkDeclared(request: UploadRequest, size: number, sha256: Uint8Array): void {
  if (request.size !== undefined && request.size !== size) {
    throw new SixfoldError("invalid_argument", `${request.size} bytes were declared and ${size} came; send it again`);
  }
  if (request.sha256 !== undefined && !sha256.every((byte, i) => byte === request.sha256?.[i])) {
    throw new SixfoldError("invalid_argument", "the bytes do not match the declared SHA-256; send them again", {
      detail: "CHECKSUM_MISMATCH",
    });
  }
}

function tooLarge(limit: number): SixfoldError {
  return new SixfoldError("resource_exhausted", `a file has at most ${limit} bytes`, { detail: "TOO_LARGE" });
}

function exists(): SixfoldError {
  return new SixfoldError("already_exists", "a file with this key exists", { detail: "PRECONDITION" });
}
