/** The life of one upload: intent, commit, and what to do when the network hid the outcome of the commit. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql, Transaction } from "./database.ts";
import { deleteFile } from "./files.ts";

/** A durable chunk, as its receipt said. */
export interface StoredChunk {
  readonly index: number;
  readonly chunkId: string;
  readonly serverId: string;
  /** In bytes. */
  readonly length: number;
  readonly sha256: Uint8Array;
}

/** A segment as it will become visible; indexes that have no chunk are queued for repair. */
export interface StoredSegment {
  readonly number: number;
  readonly offset: number;
  readonly length: number;
  readonly k: number;
  readonly m: number;
  readonly blockSize: number;
  readonly sha256: Uint8Array;
  readonly chunks: readonly StoredChunk[];
}

/** A file that is about to become visible. Its id is the upload's. */
export interface NewFile {
  readonly id: string;
  readonly bucket: string;
  readonly key: Uint8Array;
  readonly size: number;
  readonly contentType: string;
  readonly sha256: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
  /** The bytes, where they live in PostgreSQL; null where they are in segments. */
  readonly inline: Uint8Array | null;
  readonly segments: readonly StoredSegment[];
}

/** A chunk that may exist on a server and that no file will name. */
export interface StrayChunk {
  readonly chunkId: string;
  readonly serverId: string;
}

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

/** Gives up an upload: its intent goes first, so that it can never be committed, and in the same statement its chunks. */
export async function abandonIntent(sql: Sql, uploadId: string, strays: readonly StrayChunk[]): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`DELETE FROM intents WHERE id = ${uploadId}`;
    await addGarbage(tx, strays, 0);
  });
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
    if (file.inline === null && file.segments.length > 0) {
      const intents = await tx`DELETE FROM intents WHERE id = ${file.id} RETURNING id`;
      if (intents.length === 0) {
        throw new SixfoldError("aborted", "the upload took so long that it was cleaned up; send the file again");
      }
    }
    await tx`INSERT INTO buckets (name) VALUES (${file.bucket}) ON CONFLICT DO NOTHING`;
    if (!options.ifAbsent) await deleteFile(tx, file.bucket, file.key, options.graceSeconds);
    const [row] = await insertFile(tx, file);
    if (row === undefined) {
      throw new SixfoldError("already_exists", "a file with this key exists", { detail: "PRECONDITION" });
    }
    await insertSegments(tx, file);
    await addGarbage(tx, options.strays, options.graceSeconds);
    await tx`INSERT INTO outcomes (upload_id) VALUES (${file.id})`;
    return row.createdAt;
  });
}

/**
 * What became of a commit whose answer was lost. Deleting the intent waits for the lock of a transaction that is still
 * running, so the answer is final: a row deleted means that it was not committed and never will be.
 */
export async function settleIntent(sql: Sql, uploadId: string): Promise<"committed" | "abandoned"> {
  await sql`DELETE FROM intents WHERE id = ${uploadId}`;
  const rows = await sql`SELECT 1 FROM outcomes WHERE upload_id = ${uploadId}`;
  return rows.length > 0 ? "committed" : "abandoned";
}

function insertFile(tx: Transaction, file: NewFile): Promise<{ createdAt: Date }[]> {
  return tx<{ createdAt: Date }[]>`
    INSERT INTO files (id, bucket, key, size, content_type, sha256, metadata, inline)
    VALUES (${file.id}, ${file.bucket}, ${file.key}, ${file.size}, ${file.contentType}, ${file.sha256},
            ${tx.json(file.metadata)}, ${file.inline})
    ON CONFLICT (bucket, key) DO NOTHING
    RETURNING created_at AS "createdAt"`;
}

async function insertSegments(tx: Transaction, file: NewFile): Promise<void> {
  for (const segment of file.segments) {
    await tx`
      INSERT INTO segments (file_id, number, "offset", length, k, m, block_size, sha256)
      VALUES (${file.id}, ${segment.number}, ${segment.offset}, ${segment.length}, ${segment.k}, ${segment.m},
              ${segment.blockSize}, ${segment.sha256})`;
    for (const chunk of segment.chunks) {
      await tx`
        INSERT INTO chunks (file_id, segment, index, chunk_id, server_id, length, sha256)
        VALUES (${file.id}, ${segment.number}, ${chunk.index}, ${chunk.chunkId}, ${chunk.serverId}, ${chunk.length},
                ${chunk.sha256})`;
    }
    await tx`
      INSERT INTO repairs (file_id, segment, index, reason)
      SELECT ${file.id}, ${segment.number}, missing, 'not written in time'
      FROM generate_series(0, ${segment.k + segment.m - 1}::int) AS missing
      WHERE missing NOT IN (SELECT index FROM chunks WHERE file_id = ${file.id} AND segment = ${segment.number})`;
  }
}

async function addGarbage(tx: Transaction, strays: readonly StrayChunk[], graceSeconds: number): Promise<void> {
  for (const stray of strays) {
    await tx`
      INSERT INTO garbage (chunk_id, server_id, due_at)
      VALUES (${stray.chunkId}, ${stray.serverId}, now() + make_interval(secs => ${graceSeconds}))
      ON CONFLICT DO NOTHING`;
  }
}
