/** Chunks on their way to another server: planned page by page, claimed one by one. */
import type { Sql } from "./database.ts";
import { type FileSegment, fileSegmentColumns } from "./segments.ts";

/** A pass over the segments that one gateway goes on with. */
export interface PlanTurn {
  readonly changeId: string;
  /** The server that is emptied; null where chunks go to where the ring says. */
  readonly serverId: string | null;
  readonly afterFile: string;
  readonly afterNumber: number;
}

/** A move to put on record. */
export interface NewMove {
  readonly fileId: string;
  readonly segment: number;
  readonly index: number;
  readonly chunkId: string;
  readonly to: string;
  readonly bytes: number;
}

/** A move that one gateway works on. */
export interface ClaimedMove extends NewMove {
  readonly changeId: string;
}

/** Takes the next page of planning, and keeps other gateways away from it for a while. */
export async function takePlanTurn(sql: Sql, leaseSeconds: number): Promise<PlanTurn | undefined> {
  const [row] = await sql<PlanTurn[]>`
    UPDATE changes SET plan_at = now() + make_interval(secs => ${leaseSeconds}) WHERE id = (
      SELECT id FROM changes WHERE state = 'running' AND NOT planned AND plan_at <= now()
      ORDER BY plan_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id AS "changeId", server_id AS "serverId", after_file AS "afterFile", after_number AS "afterNumber"`;
  return row;
}

/** A page of segments and where their chunks are. @param serverId only those that have a chunk there */
export async function segmentsAfter(
  sql: Sql,
  { serverId, afterFile, afterNumber }: Pick<PlanTurn, "serverId" | "afterFile" | "afterNumber">,
  limit: number,
): Promise<FileSegment[]> {
  return await sql<FileSegment[]>`
    SELECT ${fileSegmentColumns(sql)}
    FROM segments s JOIN files f ON f.id = s.file_id
    WHERE (s.file_id, s.number) > (${afterFile}::uuid, ${afterNumber}::int) AND s.inline IS NULL
      AND (${serverId}::uuid IS NULL OR EXISTS (
        SELECT FROM chunks c WHERE c.file_id = s.file_id AND c.segment = s.number AND c.server_id = ${serverId}::uuid))
    ORDER BY s.file_id, s.number LIMIT ${limit}`;
}

/** Puts the moves of a page on record, and that the page is done. @param last undefined at the end of the pass */
export async function recordPage(
  sql: Sql,
  { changeId }: PlanTurn,
  moves: readonly NewMove[],
  last: { readonly fileId: string; readonly number: number } | undefined,
): Promise<void> {
  const rows = moves.map((move) => ({ ...move }));
  await sql.begin(async (tx) => {
    await tx`
      INSERT INTO moves (file_id, segment, index, change_id, chunk_id, to_server, bytes)
      SELECT "fileId", segment, index, ${changeId}, "chunkId", "to", bytes
      FROM jsonb_to_recordset(${tx.json(rows)})
        AS m ("fileId" uuid, segment int, index int, "chunkId" text, "to" uuid, bytes bigint)
      JOIN segments s ON s.file_id = m."fileId" AND s.number = m.segment
      ON CONFLICT DO NOTHING`;
    await tx`
      UPDATE changes SET found = found + ${moves.length}, planned = ${last === undefined}, plan_at = now(),
        after_file = ${last?.fileId ?? "00000000-0000-0000-0000-000000000000"}, after_number = ${last?.number ?? -1}
      WHERE id = ${changeId}`;
  });
}

/**
 * Where a pass is over and its moves are gone, another one looks whether anything is left; one that found nothing was the
 * last, unless a server that is emptied still has chunks: then it is tried again in a while.
 */
export async function endPasses(sql: Sql, retrySeconds: number): Promise<void> {
  await sql`
    UPDATE changes c SET
      state = CASE WHEN found = 0 AND still IS NULL THEN 'done' ELSE state END,
      ended_at = CASE WHEN found = 0 AND still IS NULL THEN now() END,
      problem = CASE WHEN found = 0 THEN still ELSE problem END,
      planned = (found = 0 AND still IS NULL), found = 0,
      plan_at = now() + make_interval(secs => CASE WHEN found = 0 OR problem IS NOT NULL THEN ${retrySeconds} ELSE 0 END)
    FROM (SELECT id, CASE
            WHEN EXISTS (SELECT FROM chunks k WHERE k.server_id = o.server_id)
            THEN 'no server can take what is left; start more, or free space'
            WHEN EXISTS (SELECT FROM part_chunks k WHERE k.server_id = o.server_id)
            THEN 'chunks of open uploads in parts are left; they are rebuilt on other servers'
          END AS still
          FROM changes o WHERE state = 'running' AND planned) o
    WHERE c.id = o.id AND c.state = 'running' AND c.planned
      AND NOT EXISTS (SELECT FROM moves m WHERE m.change_id = c.id)`;
}

/** Claims a move, and begins the intent of `writer` in the same statement. */
export async function claimMove(sql: Sql, writer: string, leaseSeconds: number): Promise<ClaimedMove | undefined> {
  const [row] = await sql<ClaimedMove[]>`
    WITH next AS (
      SELECT m.file_id, m.segment, m.index FROM moves m JOIN changes c ON c.id = m.change_id
      WHERE c.state = 'running'
        AND (m.claimed_by IS NULL OR NOT EXISTS (SELECT FROM intents i WHERE i.id = m.claimed_by))
      LIMIT 1 FOR UPDATE OF m SKIP LOCKED
    ), intent AS (
      INSERT INTO intents (id, lease_until) SELECT ${writer}, now() + make_interval(secs => ${leaseSeconds}) FROM next
    )
    UPDATE moves m SET claimed_by = ${writer} FROM next
    WHERE m.file_id = next.file_id AND m.segment = next.segment AND m.index = next.index
    RETURNING m.file_id AS "fileId", m.segment, m.index, m.change_id AS "changeId", m.chunk_id AS "chunkId",
      m.to_server AS "to", m.bytes`;
  return row;
}

/** Counts a move that is done. */
export async function countMove(sql: Sql, { changeId, bytes }: ClaimedMove): Promise<void> {
  await sql`
    UPDATE changes SET chunks_done = chunks_done + 1, bytes_done = bytes_done + ${bytes}, problem = NULL
    WHERE id = ${changeId}`;
}

/** Gives a move up; the next pass plans it anew where that is right. */
export async function dropMove(sql: Sql, move: ClaimedMove, writer: string, problem: string | null): Promise<void> {
  await sql`
    WITH gone AS (
      DELETE FROM moves WHERE file_id = ${move.fileId} AND segment = ${move.segment} AND index = ${move.index}
        AND claimed_by = ${writer})
    UPDATE changes SET problem = coalesce(${problem}, problem) WHERE id = ${move.changeId}`;
}
