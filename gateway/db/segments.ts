/** One segment of a visible file, for work that goes on behind the requests. */
import type { Sql } from "./database.ts";
import { segmentObject, type SegmentRow } from "./files.ts";

/** A segment, and what a chunk's label says of its file. */
export interface FileSegment {
  /** The file, which is also the upload whose bytes these are. */
  readonly fileId: string;
  readonly bucket: string;
  readonly key: Uint8Array;
  readonly contentType: string;
  readonly segment: SegmentRow;
}

/** The columns of a FileSegment, of a row `s` of segments and its row `f` of files. */
export const fileSegmentColumns = (sql: Sql) =>
  sql`f.id AS "fileId", f.bucket, f.key, f.content_type AS "contentType", ${segmentObject(sql)} AS segment`;

/** The segment and where its chunks are; undefined when the file is gone. */
export async function findSegment(sql: Sql, fileId: string, number: number): Promise<FileSegment | undefined> {
  const [row] = await sql<FileSegment[]>`
    SELECT ${fileSegmentColumns(sql)}
    FROM files f JOIN segments s ON s.file_id = f.id
    WHERE f.id = ${fileId} AND s.number = ${number}`;
  return row;
}
