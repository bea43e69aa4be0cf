/** How a session becomes a file, and what is told of it afterwards. */
import { createHash } from "node:crypto";
import { SixfoldError } from "../../shared/errors.ts";
import { endOf, formatRanges, type HashedTile, missingRanges, treeSha256 } from "../../shared/tiling.ts";
import type { Sql, Transaction } from "./database.ts";
import type { FileRow } from "./files.ts";
import { listParts } from "./parts.ts";
import { lockSession, type SessionRow, sweepUnusedSegments } from "./sessions.ts";
import { putInPlace } from "./uploads.ts";

/** What a session's file is, once its parts tile it. */
export interface Shape {
  readonly size: number;
  /** Null where no request saw all bytes in order. */
  readonly sha256: Uint8Array | null;
}

/** What became of a session. */
export interface CompletedRow extends FileRow {
  /** Of what it was put together, in the words of who asked for it; null where it was sent itself. */
  readonly madeFrom: string | null;
  /** What was said of it when it was opened, in the words of who did. */
  readonly said: string | null;
}

/**
 * The shape of the file that a session becomes.
 * @param parts all of them, by offset
 * @throws SixfoldError `failed_precondition` that names the ranges which are missing
 */
export function shapeOf(session: SessionRow, parts: readonly HashedTile[]): Shape {
  const last = parts.at(-1);
  const size = session.size ?? (last === undefined ? 0 : endOf(last));
  const missing = missingRanges(parts, size);
  if (missing.length > 0) {
    throw new SixfoldError(
      "failed_precondition",
      `bytes ${formatRanges(missing)} are missing; send them and complete the upload again`,
    );
  }
  if (last === undefined) return { size, sha256: new Uint8Array(createHash("sha256").digest()) };
  return { size, sha256: parts.length === 1 ? last.sha256 : null };
}

/**
 * Makes the file of a session visible, in one transaction: a file under the same key is replaced, the session goes,
 * and the outcome is kept. What its segments lack was queued when they came. To be called again when its answer was lost.
 * @param verified what was read of the file for this; null where nothing was
 * @param madeFrom of what it was put together, in the words of who asks for it; null where it was sent itself
 * @returns the file; undefined when the session has ended, and nothing was changed
 * @throws SixfoldError `failed_precondition` when bytes are missing, or it is a part of a file; `invalid_argument` when the declared SHA-256 is
 * another one; `already_exists` when the key is taken and the session wanted it free
 */
export async function completeSession(
  sql: Sql,
  id: string,
  verified: Shape | null,
  graceSeconds: number,
  madeFrom: string | null,
): Promise<CompletedRow | undefined> {
  return await sql.begin(async (tx) => {
    const session = await lockSession(tx, id);
    if (session === undefined) return undefined;
    if (session.partial) {
      throw new SixfoldError("failed_precondition", "this upload is a part of a file; put it together with the others");
    }
    const parts = await listParts(tx, id, 0, null);
    const shape = shapeOf(session, parts);
    // What was read may have been shorter: more parts can arrive as long as no size was declared.
    const sha256 = shape.sha256 ?? (verified?.size === shape.size ? verified.sha256 : null);
    checkSha256(session.sha256, sha256);
    const { bucket, key, contentType, metadata, ifAbsent } = session;
    const file = {
      id,
      bucket,
      key,
      size: shape.size,
      contentType,
      metadata,
      sha256,
      treeSha256: sha256 === null ? treeSha256(parts) : null,
      inline: shape.size === 0 ? new Uint8Array(0) : null,
    };
    await tx`INSERT INTO buckets (name) VALUES (${bucket}) ON CONFLICT DO NOTHING`;
    await putInPlace(tx, file, ifAbsent, graceSeconds);
    await moveParts(tx, id);
    await sweepUnusedSegments(tx, session);
    await tx`DELETE FROM upload_sessions WHERE id = ${id}`;
    await keepOutcome(tx, id, madeFrom, session.said);
    return await findCompleted(tx, id);
  });
}

function checkSha256(declared: Uint8Array | null, actual: Uint8Array | null): void {
  if (declared === null) return;
  if (actual === null) throw new SixfoldError("aborted", "parts have arrived meanwhile; complete the upload again");
  if (declared.every((byte, i) => byte === actual[i])) return;
  throw new SixfoldError("invalid_argument", "the file does not match the declared SHA-256; abort and send it again", {
    detail: "CHECKSUM_MISMATCH",
  });
}

/** Parts become segments, under the same numbers: their chunks are named by them. A repair that runs goes on. */
async function moveParts(tx: Transaction, id: string): Promise<void> {
  await tx`
    INSERT INTO segments (file_id, number, "offset", length, k, m, block_size, sha256, inline)
    SELECT upload_id, segment, "offset", length, k, m, block_size, sha256, inline FROM parts WHERE upload_id = ${id}`;
  await tx`
    INSERT INTO chunks (file_id, segment, index, chunk_id, server_id, length, sha256)
    SELECT upload_id, segment, index, chunk_id, server_id, length, sha256 FROM part_chunks WHERE upload_id = ${id}`;
  await tx`UPDATE repairs SET of_part = false WHERE file_id = ${id}`;
}

async function keepOutcome(
  tx: Transaction,
  id: string,
  madeFrom: string | null,
  said: string | null,
): Promise<void> {
  await tx`
    INSERT INTO outcomes (upload_id, file)
    SELECT id, jsonb_build_object(
      'bucket', bucket, 'key', encode(key, 'hex'), 'size', size, 'contentType', content_type,
      'sha256', encode(sha256, 'hex'), 'treeSha256', encode(tree_sha256, 'hex'), 'metadata', metadata,
      'createdAt', created_at, 'madeFrom', ${madeFrom}::text, 'said', ${said}::text)
    FROM files WHERE id = ${id}`;
}

/** The file that a session became, as it was then; undefined when it became none, or that was more than 24 hours ago. */
export async function findCompleted(sql: Sql | Transaction, id: string): Promise<CompletedRow | undefined> {
  const [row] = await sql<CompletedRow[]>`
    SELECT upload_id AS id, file->>'bucket' AS bucket, decode(file->>'key', 'hex') AS key,
           (file->>'size')::bigint AS size, file->>'contentType' AS "contentType",
           decode(file->>'sha256', 'hex') AS sha256, decode(file->>'treeSha256', 'hex') AS "treeSha256",
           file->'metadata' AS metadata, (file->>'createdAt')::timestamptz AS "createdAt",
           file->>'madeFrom' AS "madeFrom", file->>'said' AS said
    FROM outcomes WHERE upload_id = ${id} AND file IS NOT NULL`;
  return row;
}
