/** Stores a file: intent, segments, commit; or nothing at all. */
import { createHash } from "node:crypto";
import { newUuid } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { sleep } from "../../../shared/sleep.ts";
import { annotate, inSpan } from "../../../shared/telemetry.ts";
import { findFile } from "../../db/files.ts";
import {
  alreadyExists,
  beginIntent,
  commitFile,
  type NewFile,
  settleUpload,
  type StoredSegment,
  type StrayChunk,
} from "../../db/uploads.ts";
import { BodyReader } from "../segments/body_reader.ts";
import { mustStand } from "../access/caller.ts";
import { holdIntent } from "./held_intent.ts";
import { type FileView, reached, viewOf } from "./files.ts";
import { checkDescription } from "./file_description.ts";
import { fileBytes } from "../telemetry/metrics.ts";
import { writeSegments } from "../segments/segments.ts";
import type { Store } from "../segments/store.ts";

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
/** How long the outcome of a commit is asked for when PostgreSQL went away in the middle of it. */
const SETTLE_MS = 20_000;
const SETTLE_RETRY_MS = 500;

/**
 * Stores a body under a key. When this returns, the file is durable and visible.
 * @throws SixfoldError; then nothing is visible, and what was written is garbage
 */
export function upload(
  store: Store,
  request: UploadRequest,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<FileView> {
  return inSpan("upload", {}, () => storeFile(store, request, source, signal));
}

async function storeFile(
  store: Store,
  request: UploadRequest,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<FileView> {
  const [, key] = reached("write", request.bucket, request.key);
  checkDescription(request);
  if ((request.size ?? 0) > store.maxFile) throw tooLarge(store.maxFile);
  if (request.ifAbsent && await findFile(store.sql, request.bucket, key)) throw alreadyExists();
  const body = new BodyReader(source);
  const hash = createHash("sha256");
  const id = newUuid();
  const { bucket, contentType, metadata } = request;
  let leave = () => {};
  let size = 0;
  const seen = (bytes: Uint8Array) => {
    size += bytes.length;
    if (size > store.maxFile) throw tooLarge(store.maxFile);
    hash.update(bytes);
  };
  const finish = async (inline: Uint8Array | null, segments: StoredSegment[], strays: StrayChunk[]) => {
    const sha256 = new Uint8Array(hash.digest());
    checkDeclared(request, size, sha256);
    await mustStand();
    const file = { id, bucket, key, size, contentType, sha256, treeSha256: null, metadata, inline, segments };
    const stored = await commit(store, file, request.ifAbsent, strays);
    fileBytes(size, { "sixfold.direction": "write" });
    annotate({ "sixfold.file.id": id, "sixfold.bytes": size, "sixfold.inline": inline !== null });
    return stored;
  };
  try {
    const inline = await readInline(body, request.size, store.inlineMax);
    if (inline !== undefined) {
      seen(inline);
      return await finish(inline, [], []);
    }
    // Before anything is done: who must come back later should cost next to nothing. And until the commit is done: uploads
    // that have their chunks must not crowd those out of PostgreSQL that begin.
    leave = await store.pool.uploads.turn(signal);
    await beginIntent(store.sql, id, LEASE_SECONDS);
    return await holdIntent(store.sql, id, LEASE_SECONDS, signal, async (strays, lease) => {
      const segments: StoredSegment[] = [];
      let number = 0;
      const nextNumber = () => Promise.resolve(number++);
      const target = {
        uploadId: id,
        bucket,
        key: request.key,
        contentType,
        offset: 0,
        nextNumber,
        strays,
        segments,
        seen,
        seenSha256: () => new Uint8Array(hash.copy().digest()),
      };
      await writeSegments(store, target, body, lease);
      const kept = new Set(segments.flatMap(({ chunks }) => chunks.map(({ chunkId }) => chunkId)));
      return await finish(null, segments, strays.filter(({ chunkId }) => !kept.has(chunkId)));
    });
  } catch (error) {
    if (signal.aborted) throw new SixfoldError("canceled", "the client went away", { cause: error });
    throw error;
  } finally {
    leave();
    await body.cancel().catch(() => {});
  }
}

/**
 * The whole body where it is small enough for PostgreSQL; otherwise undefined, and nothing of it is lost. What is declared
 * to be larger is not looked at.
 */
async function readInline(
  body: BodyReader,
  declared: number | undefined,
  most: number,
): Promise<Uint8Array | undefined> {
  if (declared !== undefined && declared > most) return undefined;
  // One byte more than declared shows that the declaration is wrong.
  const head = new Uint8Array((declared ?? most) + 1);
  const length = await body.fill(head);
  if (length <= most) return head.subarray(0, length);
  body.unread(head.subarray(0, length));
  return undefined;
}

async function commit(store: Store, file: NewFile, ifAbsent: boolean, strays: StrayChunk[]): Promise<FileView> {
  const { sql, graceSeconds } = store;
  const { inline: _inline, segments: _segments, ...row } = file;
  try {
    const placed = await insertSmall(store, file, ifAbsent);
    return viewOf({ ...row, createdAt: placed ?? await commitFile(sql, file, { ifAbsent, graceSeconds, strays }) });
  } catch (error) {
    if (error instanceof SixfoldError) throw error;
    // The answer may have been lost after the commit: the outcome is settled, never guessed.
    if (await settle(store, file.id) === "abandoned") throw error;
    return viewOf(await findFile(sql, file.bucket, file.key) ?? { ...row, createdAt: new Date() });
  }
}

/** The quick way of a small file, where its key is free. */
async function insertSmall({ small }: Store, file: NewFile, ifAbsent: boolean): Promise<Date | undefined> {
  const { inline } = file;
  if (inline === null) return undefined;
  const placed = await small.insert({ ...file, inline });
  if (placed === undefined && ifAbsent) throw alreadyExists();
  return placed;
}

async function settle({ sql }: Store, id: string): Promise<"committed" | "abandoned"> {
  const never = new AbortController().signal;
  for (const until = Date.now() + SETTLE_MS;;) {
    try {
      return await settleUpload(sql, id);
    } catch (cause) {
      if (Date.now() < until) {
        await sleep(SETTLE_RETRY_MS, never);
        continue;
      }
      throw new SixfoldError(
        "unavailable",
        "the database went away during the commit; look whether the file is there",
        {
          cause,
        },
      );
    }
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

/** The answer to a file that is larger than the store takes. */
export function tooLarge(limit: number): SixfoldError {
  return new SixfoldError("resource_exhausted", `a file has at most ${limit} bytes`, { detail: "TOO_LARGE" });
}
