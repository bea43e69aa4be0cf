/** One segment of a visible file, for work that goes on behind the requests. */
import type { Sql } from "./database.ts";
import type { SegmentRow } from "./files.ts";

/** A segment, and what a chunk's label says of its file. */
export interface FileSegment {
  /** The file, which is also the upload whose bytes these are. */
  readonly fileId: string;
  readonly bucket: string;
  readonly key: Uint8Array;
  readonly contentType: string;
  readonly segment: SegmentRow;
}

/** The segment and where its chunks are; undefined when the file is gone. */
export async function findSegment(sql: Sql, fileId: string, number: number): Promise<FileSegment | undefined> {
  const [row] = await sql<FileSegment[]>`
    SELECT f.id AS "fileId", f.bucket, f.key, f.content_type AS "contentType",
           jsonb_build_object(
             'number', s.number, 'offset', s."offset", 'length', s.length, 'k', s.k, 'm', s.m,
             'blockSize', s.block_size,
             'chunks', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'index', c.index, 'chunkId', c.chunk_id, 'serverId', c.server_id, 'length', c.length,
                 'sha256', encode(c.sha256, 'hex')) ORDER BY c.index), '[]'::jsonb)
               FROM chunks c WHERE c.file_id = f.id AND c.segment = s.number)) AS segment
    FROM files f JOIN segments s ON s.file_id = f.id
    WHERE f.id = ${fileId} AND s.number = ${number}`;
  return row;
}
