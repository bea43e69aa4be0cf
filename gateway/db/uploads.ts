/** The life of one upload: intent, commit, and what to do when the network hid the outcome of the commit. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql, Transaction } from "./database.ts";
import { deleteFile, type FileRow, type SegmentRow } from "./files.ts";
import { queueLacking } from "./repairs.ts";

/** A segment as it will become visible; indexes that have no chunk are queued for repair. */
export interface StoredSegment extends SegmentRow {
  readonly sha256: Uint8Array;
}

/** The row of a file that is about to become visible. Its id is the upload's. */
export interface NewFileRow extends Omit<FileRow, "createdAt"> {
  /** The bytes, where they live in PostgreSQL; null where they are in segments. */
  readonly inline: Uint8Array | null;
}

/** A file that is about to become visible. */
export interface NewFile extends NewFileRow {
  readonly segments: readonly StoredSegment[];
}

/** A chunk that may exist on a server. */
export interface StrayChunk {
  readonly chunkId: string;
  readonly serverId: string;
  /** Whether the server has said that it keeps it; otherwise it may still be about to. */
  stored: boolean;
}

/** A chunk whose call has ended without an answer may appear on the disk for so long: fsync and rename still run. */
export const IN_FLIGHT_SECONDS = 30;
/** Rounds of replacing a file while others replace it too. */
const RACES = 20;

/** Says that an upload has begun, before its first byte is sent. */
export async function beginIntent(sql: Sql, uploadId: string, leaseSeconds: number): Promise<void> {
  await sql`
    INSERT INTO intents (id, lease_until) VALUES (${uploadId}, now() + make_interval(secs => ${leaseSeconds}))`;
}

/** Keeps an upload alive; false when the cleanup has taken its intent. */
export async function renewIntent(sql: Sql, uploadId: string, leaseSeconds: number): Promise<boolean> {
  const rows = await sql`
    UPDATE intents SET lease_until = now() + make_interval(secs => ${leaseSeconds})
    WHERE id = ${uploadId} RETURNING id`;
  return rows.length > 0;
}

/**
 * Gives up an upload: its intent goes first, so that it can never be committed, and its chunks become garbage with it.
 * Where the intent is gone already, somebody else has decided, perhaps the commit: then nothing is touched.
 */
export async function abandonIntent(sql: Sql, uploadId: string, strays: readonly StrayChunk[]): Promise<void> {
  await sql.begin(async (tx) => {
    const gone = await tx`DELETE FROM intents WHERE id = ${uploadId} RETURNING id`;
    if (gone.length > 0) await addGarbage(tx, strays);
  });
}

/**
 * Gives up uploads whose gateway has not renewed them: whatever their writers left on any server becomes garbage, after
 * a time in which no call of theirs can still be running.
 * @returns how many there were
 */
export async function abandonExpiredIntents(sql: Sql, limit: number): Promise<number> {
  const gone = await sql`
    WITH gone AS (
      DELETE FROM intents WHERE id IN (
        SELECT id FROM intents WHERE lease_until < now() ORDER BY lease_until LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id
    ), swept AS (
      INSERT INTO garbage (chunk_id, server_id, due_at)
      SELECT gone.id::text, s.id, now() + make_interval(secs => ${IN_FLIGHT_SECONDS})
      FROM gone CROSS JOIN storage_servers s
      ON CONFLICT DO NOTHING
    )
    SELECT id FROM gone`;
  return gone.length;
}

/**
 * Makes a file visible, in one transaction: the intent goes, a file under the same key is replaced and its chunks
 * become garbage, what a segment lacks is queued for repair, and the outcome is kept.
 * @throws SixfoldError `aborted` when the intent is gone; `already_exists` when `ifAbsent` and the key exists
 */
export async function commitFile(
  sql: Sql,
  file: NewFile,
  options: { readonly ifAbsent: boolean; readonly graceSeconds: number; readonly strays: readonly StrayChunk[] },
): Promise<Date> {
  return await sql.begin(async (tx) => {
    if (file.segments.length > 0) {
      const intents = await tx`DELETE FROM intents WHERE id = ${file.id} RETURNING id`;
      if (intents.length === 0) {
        throw new SixfoldError("aborted", "the upload took so long that it was cleaned up; send the file again");
      }
    }
    await tx`INSERT INTO buckets (name) VALUES (${file.bucket}) ON CONFLICT DO NOTHING`;
    const createdAt = await putInPlace(tx, file, options.ifAbsent, options.graceSeconds);
    await insertSegments(tx, file);
    await addGarbage(tx, options.strays);
    await tx`INSERT INTO outcomes (upload_id) VALUES (${file.id})`;
    return createdAt;
  });
}

/**
 * What became of a commit whose answer was lost; final once it is told. Deleting the intent waits for the lock of a
 * transaction that is still running. Where there never was an intent, the outcome's own key does the same: either the
 * commit has put it there, or it is put there now and the commit can only fail.
 */
export async function settleUpload(sql: Sql, uploadId: string): Promise<"committed" | "abandoned"> {
  // Whoever deletes the intent answers for the chunks, as in abandonIntent.
  await sql`
    WITH gone AS (
      DELETE FROM intents WHERE id = ${uploadId} RETURNING id
    )
    INSERT INTO garbage (chunk_id, server_id, due_at)
    SELECT gone.id::text, s.id, now() + make_interval(secs => ${IN_FLIGHT_SECONDS})
    FROM gone CROSS JOIN storage_servers s
    ON CONFLICT DO NOTHING`;
  await sql`INSERT INTO outcomes (upload_id, committed) VALUES (${uploadId}, false) ON CONFLICT DO NOTHING`;
  const [row] = await sql<{ committed: boolean }[]>`SELECT committed FROM outcomes WHERE upload_id = ${uploadId}`;
  return row?.committed ? "committed" : "abandoned";
}

/** Inserts the file's row. Whoever inserts the same key at once is waited for, and then replaced unless `ifAbsent`. */
export async function putInPlace(
  tx: Transaction,
  file: NewFileRow,
  ifAbsent: boolean,
  graceSeconds: number,
): Promise<Date> {
  for (let round = 0; round < (ifAbsent ? 1 : RACES); round++) {
    if (!ifAbsent) await deleteFile(tx, file.bucket, file.key, graceSeconds);
    const [row] = await insertFile(tx, file);
    if (row !== undefined) return row.createdAt;
  }
  if (ifAbsent) throw alreadyExists();
  throw new SixfoldError("aborted", "too many uploads to this key at once; try again");
}

/** The answer to `ifAbsent` where the key is taken. */
export function alreadyExists(): SixfoldError {
  return new SixfoldError("already_exists", "a file with this key exists", { detail: "PRECONDITION" });
}

function insertFile(tx: Transaction, file: NewFileRow): Promise<{ createdAt: Date }[]> {
  return tx<{ createdAt: Date }[]>`
    INSERT INTO files (id, bucket, key, size, content_type, sha256, tree_sha256, metadata, inline)
    VALUES (${file.id}, ${file.bucket}, ${file.key}, ${file.size}, ${file.contentType}, ${file.sha256},
            ${file.treeSha256}, ${tx.json(file.metadata)}, ${file.inline})
    ON CONFLICT (bucket, key) DO NOTHING
    RETURNING created_at AS "createdAt"`;
}

async function insertSegments(tx: Transaction, file: NewFile): Promise<void> {
  for (const segment of file.segments) {
    await tx`
      INSERT INTO segments (file_id, number, "offset", length, k, m, block_size, sha256)
      VALUES (${file.id}, ${segment.number}, ${segment.offset}, ${segment.length}, ${segment.k}, ${segment.m},
              ${segment.blockSize}, ${segment.sha256})`;
    const rows = segment.chunks.map(({ index, chunkId, serverId, length, sha256 }) => {
      return { index, chunk_id: chunkId, server_id: serverId, length, sha256 };
    });
    await tx`
      INSERT INTO chunks (file_id, segment, index, chunk_id, server_id, length, sha256)
      SELECT ${file.id}, ${segment.number}, index, chunk_id, server_id, length, decode(sha256, 'hex')
      FROM jsonb_to_recordset(${tx.json(rows)})
        AS c (index int, chunk_id text, server_id uuid, length bigint, sha256 text)`;
  }
  await queueLacking(tx, file.id, null, "not written in time");
}

/** Gives chunks to the garbage that no row names: at once, or once they cannot appear on a disk any more. */
export async function addGarbage(tx: Transaction, strays: readonly StrayChunk[]): Promise<void> {
  if (strays.length === 0) return;
  const rows = strays.map(({ chunkId, serverId, stored }) => ({ chunkId, serverId, stored }));
  await tx`
    INSERT INTO garbage (chunk_id, server_id, due_at)
    SELECT "chunkId", "serverId", now() + make_interval(secs => CASE WHEN stored THEN 0 ELSE ${IN_FLIGHT_SECONDS} END)
    FROM jsonb_to_recordset(${tx.json(rows)}) AS g ("chunkId" text, "serverId" uuid, stored boolean)
    ON CONFLICT DO NOTHING`;
}
