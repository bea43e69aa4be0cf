/** What is visible: files by bucket and key, their manifests, and their end. */
import type { HashedTile } from "../../shared/tiling.ts";
import type { Sql, Transaction } from "./database.ts";

/** A visible file. */
export interface FileRow {
  readonly id: string;
  readonly bucket: string;
  readonly key: Uint8Array;
  /** In bytes. */
  readonly size: number;
  readonly contentType: string;
  readonly sha256: Uint8Array | null;
  /** Where `sha256` is not known: over the length and SHA-256 of each segment. */
  readonly treeSha256: Uint8Array | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: Date;
}

/** Where one chunk of a segment is. */
export interface ChunkRow {
  readonly index: number;
  readonly chunkId: string;
  readonly serverId: string;
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/** A contiguous piece of a file and its chunks; missing chunks are simply not listed. */
export interface SegmentRow {
  /** Names its chunks. The order of a file is that of `offset`. */
  readonly number: number;
  /** In bytes, from the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly k: number;
  readonly m: number;
  readonly blockSize: number;
  /** Whether the bytes live in PostgreSQL, and there are no chunks. */
  readonly inline: boolean;
  readonly chunks: readonly ChunkRow[];
}

/** The columns of a FileRow. */
const columns = (sql: Sql) =>
  sql`f.id, f.bucket, f.key, f.size, f.content_type AS "contentType", f.sha256, f.tree_sha256 AS "treeSha256", f.metadata,
      f.created_at AS "createdAt"`;

/** A SegmentRow, as JSON, of a row `s` of segments. @param chunks the table or the view that has its chunks */
export const segmentObject = (sql: Sql, chunks = sql`chunks`) =>
  sql`jsonb_build_object(
        'number', s.number, 'offset', s."offset", 'length', s.length, 'k', s.k, 'm', s.m,
        'blockSize', s.block_size, 'inline', s.inline IS NOT NULL,
        'chunks', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'index', c.index, 'chunkId', c.chunk_id, 'serverId', c.server_id, 'length', c.length,
            'sha256', encode(c.sha256, 'hex')) ORDER BY c.index), '[]'::jsonb)
          FROM ${chunks} c WHERE c.file_id = s.file_id AND c.segment = s.number))`;

/** All that a read needs. */
export interface Manifest {
  readonly file: FileRow;
  readonly inline: Uint8Array<ArrayBuffer> | null;
  readonly segments: readonly SegmentRow[];
}

/** A file's place: bucket and key. */
export type Place = readonly [bucket: string, key: Uint8Array];

/** All segments of a row `f` of files. */
const segmentsOf = (sql: Sql) =>
  sql`coalesce((SELECT jsonb_agg(${segmentObject(sql)} ORDER BY s."offset")
        FROM segments s WHERE s.file_id = f.id), '[]'::jsonb)`;

type ManifestRow = FileRow & Pick<Manifest, "inline" | "segments">;

/** The file and every chunk of it, in one query; undefined when there is no such file. */
export async function findManifest(sql: Sql, [bucket, key]: Place): Promise<Manifest | undefined> {
  const [row] = await sql<ManifestRow[]>`
    SELECT ${columns(sql)}, f.inline, ${segmentsOf(sql)} AS segments
    FROM files f WHERE f.bucket = ${bucket} AND f.key = ${key}`;
  return row && manifestOf(row);
}

/**
 * The same for many places at once, in their order; `large` for a file of more than `most` bytes, whose segments may be so
 * many that others should not wait for them.
 */
export async function findManifests(
  sql: Sql,
  places: readonly Place[],
  most: number,
): Promise<(Manifest | "large" | undefined)[]> {
  const found: (Manifest | "large" | undefined)[] = places.map(() => undefined);
  // The limit keeps PostgreSQL at one look into the index for each place, whatever it believes about the table.
  const rows = await sql<(ManifestRow & { readonly place: number })[]>`
    SELECT places.place, ${columns(sql)}, f.inline,
           CASE WHEN f.inline IS NULL AND f.size <= ${most}::bigint THEN ${
    segmentsOf(sql)
  } ELSE '[]'::jsonb END AS segments
    FROM unnest(${places.map(([bucket]) => bucket)}::text[], ${places.map(([, key]) => key.toHex())}::text[])
           WITH ORDINALITY AS places (bucket, key, place),
         LATERAL (SELECT * FROM files WHERE bucket = places.bucket AND key = decode(places.key, 'hex') LIMIT 1) f`;
  for (const { place, ...row } of rows) {
    found[place - 1] = row.inline === null && row.size > most ? "large" : manifestOf(row);
  }
  return found;
}

function manifestOf({ inline, segments, ...file }: ManifestRow): Manifest {
  return { file, inline, segments };
}

/** Where one chunk of a file, or of an open upload in parts, is now; undefined when either is gone. */
export async function findChunk(
  sql: Sql,
  fileId: string,
  segment: number,
  index: number,
): Promise<ChunkRow | undefined> {
  const [row] = await sql<ChunkRow[]>`
    SELECT index, chunk_id AS "chunkId", server_id AS "serverId", length, encode(sha256, 'hex') AS sha256
    FROM stored_chunks WHERE file_id = ${fileId} AND segment = ${segment} AND index = ${index}`;
  return row;
}

/** The bytes of a segment that lives in PostgreSQL, of a file or of a session that is not one yet; undefined when it went. */
export async function findInline(sql: Sql, id: string, segment: number): Promise<Uint8Array | undefined> {
  const [row] = await sql<{ inline: Uint8Array }[]>`
    SELECT inline FROM segments WHERE file_id = ${id} AND number = ${segment}
    UNION ALL SELECT inline FROM parts WHERE upload_id = ${id} AND segment = ${segment}`;
  return row?.inline;
}

/** The segments of a file that begin at an offset or behind it, in order. */
export function listSegments(sql: Sql, fileId: string, from: number, limit: number): Promise<HashedTile[]> {
  return sql<HashedTile[]>`
    SELECT "offset", length, sha256 FROM segments
    WHERE file_id = ${fileId} AND "offset" >= ${from}::bigint ORDER BY "offset" LIMIT ${limit}::bigint`;
}

/** The file's metadata alone. */
export async function findFile(sql: Sql, bucket: string, key: Uint8Array): Promise<FileRow | undefined> {
  const [row] = await sql<FileRow[]>`
    SELECT ${columns(sql)} FROM files f WHERE bucket = ${bucket} AND key = ${key}`;
  return row;
}

/** Where a file is; undefined when there is no such file. */
export async function findPlace(
  sql: Sql,
  fileId: string,
): Promise<{ readonly bucket: string; readonly key: Uint8Array } | undefined> {
  const [row] = await sql<{ bucket: string; key: Uint8Array }[]>`SELECT bucket, key FROM files WHERE id = ${fileId}`;
  return row;
}

/** Names of buckets that have a file, behind a name, in order. @param among only these; null for all */
export async function listBuckets(
  sql: Sql,
  after: string,
  limit: number,
  among: readonly string[] | null,
): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT name FROM buckets WHERE name > ${after} AND (${among}::text[] IS NULL OR name = ANY(${among}::text[])) AND EXISTS (SELECT FROM files WHERE bucket = name)
    ORDER BY name LIMIT ${limit}`;
  return rows.map(({ name }) => name);
}

/**
 * A page of files in the order of their keys' bytes. Both bounds are plain comparisons, whatever is listed: so the index
 * leads to the page at once, however far behind it is.
 * @param from the least key
 * @param end only keys less than this
 */
export function listFiles(
  sql: Sql,
  bucket: string,
  from: Uint8Array,
  end: Uint8Array,
  limit: number,
): Promise<FileRow[]> {
  return sql<FileRow[]>`
    SELECT ${columns(sql)} FROM files f
    WHERE bucket = ${bucket} AND key >= ${from} AND key < ${end}
    ORDER BY key LIMIT ${limit}`;
}

/** Within a statement: gives the chunks of the files in `gone` to the garbage. @param graceSeconds as `deleteFile` */
export function sweepGone(sql: Sql | Transaction, graceSeconds: number) {
  return sql`
    INSERT INTO garbage (chunk_id, server_id, due_at)
    SELECT c.chunk_id, c.server_id, now() + make_interval(secs => ${graceSeconds})
    FROM chunks c JOIN gone ON c.file_id = gone.id
    ON CONFLICT DO NOTHING`;
}

/**
 * Removes a file that is replaced, and gives its chunks to the garbage in the same statement: chunks are read in the snapshot in which
 * the cascade has not yet removed them.
 * @param graceSeconds how long the bytes stay on the disks
 * @returns the id of the file that was removed
 */
export async function deleteFile(
  sql: Sql | Transaction,
  bucket: string,
  key: Uint8Array,
  graceSeconds: number,
): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    WITH gone AS (
      DELETE FROM files WHERE bucket = ${bucket} AND key = ${key} RETURNING id
    ), swept AS (${sweepGone(sql, graceSeconds)})
    SELECT id FROM gone`;
  return row?.id;
}
