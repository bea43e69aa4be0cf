/** What the loss of servers would mean for the files. */
import type { Sql } from "./database.ts";

/** Files and their bytes, by what would become of them. */
export interface LossRow {
  readonly unreadable: number;
  readonly unreadableBytes: number;
  readonly atRisk: number;
  readonly atRiskBytes: number;
  readonly safe: number;
  readonly safeBytes: number;
}

/**
 * Counts files by their worst segment, if only these servers were left. It looks at every chunk there is: what takes too
 * long is ended by the database's own limit. A damaged chunk counts as gone.
 */
export async function countLosses(sql: Sql, left: readonly string[]): Promise<LossRow> {
  const [row] = await sql<LossRow[]>`
    WITH spare AS (
      SELECT file_id, min(spare) AS spare FROM (
        SELECT s.file_id, count(c.chunk_id) - s.k AS spare
        FROM segments s LEFT JOIN chunks c ON c.file_id = s.file_id AND c.segment = s.number
          AND c.state = 'stored' AND c.server_id = ANY(${left}::uuid[])
        WHERE s.inline IS NULL GROUP BY s.file_id, s.number, s.k) AS of_segments
      GROUP BY file_id)
    SELECT count(*) FILTER (WHERE spare < 0) AS unreadable, count(*) FILTER (WHERE spare = 0) AS "atRisk",
           count(*) FILTER (WHERE spare IS NULL OR spare > 0) AS safe,
           coalesce(sum(size) FILTER (WHERE spare < 0), 0)::bigint AS "unreadableBytes",
           coalesce(sum(size) FILTER (WHERE spare = 0), 0)::bigint AS "atRiskBytes",
           coalesce(sum(size) FILTER (WHERE spare IS NULL OR spare > 0), 0)::bigint AS "safeBytes"
    FROM files f LEFT JOIN spare ON spare.file_id = f.id`;
  return row ?? { unreadable: 0, unreadableBytes: 0, atRisk: 0, atRiskBytes: 0, safe: 0, safeBytes: 0 };
}
