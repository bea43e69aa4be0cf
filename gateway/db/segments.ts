/** One segment of a file, for work that goes on behind the requests. */
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

/** The columns of a FileSegment, of a row `s` of segments and its row `f` of files. @param chunks as of `segmentObject` */
export const fileSegmentColumns = (sql: Sql, chunks?: Parameters<typeof segmentObject>[1]) =>
  sql`f.id AS "fileId", f.bucket, f.key, f.content_type AS "contentType", ${segmentObject(sql, chunks)} AS segment`;

/** The segment and where its chunks are, also of an open upload in parts; undefined when it is gone. */
export async function findSegment(sql: Sql, fileId: string, number: number): Promise<FileSegment | undefined> {
  const [row] = await sql<FileSegment[]>`
    SELECT ${fileSegmentColumns(sql, sql`stored_chunks`)}
    FROM stored_files f JOIN stored_segments s ON s.file_id = f.id
    WHERE f.id = ${fileId} AND s.number = ${number}`;
  return row;
}
