/** What operators see and say of repairs, of comparisons with the disks, and of the database itself. */
import type { Sql } from "./database.ts";

/** Repairs by state. */
export interface RepairCounts {
  readonly queued: number;
  readonly running: number;
  readonly waiting: number;
  readonly parked: number;
  /** Bytes of all but the parked. */
  readonly bytesLeft: number;
}

/** A repair as a person sees it. */
export interface RepairRow {
  /** The file, or the upload in parts. */
  readonly fileId: string;
  readonly bucket: string;
  readonly key: Uint8Array;
  readonly segment: number;
  readonly index: number;
  readonly reason: string;
  readonly state: "queued" | "running" | "waiting" | "parked";
  readonly problem: string | null;
  readonly attempts: number;
  readonly spare: number;
  readonly queuedAt: Date;
}

/** What the last comparison of a disk has found. */
export interface ReconciliationRow {
  readonly serverId: string;
  readonly state: "waiting" | "halted" | "allowed";
  readonly listed: number;
  readonly strays: number;
  readonly lost: number;
  readonly endedAt: Date | null;
}

const stateOf = (sql: Sql) =>
  sql`CASE WHEN r.state = 'parked' THEN 'parked'
    WHEN EXISTS (SELECT FROM intents i WHERE i.id = r.claimed_by) THEN 'running'
    WHEN r.due_at > now() THEN 'waiting' ELSE 'queued' END`;

/** Counts all repairs. */
export async function countRepairs(sql: Sql): Promise<RepairCounts> {
  const [row] = await sql<RepairCounts[]>`
    SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'running') AS running,
           count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'parked') AS parked,
           coalesce(sum(bytes) FILTER (WHERE state <> 'parked'), 0)::bigint AS "bytesLeft"
    FROM (SELECT ${stateOf(sql)} AS state, ceil(s.length::numeric / s.k) AS bytes
          FROM repairs r JOIN stored_segments s ON s.file_id = r.file_id AND s.number = r.segment) q`;
  return row ?? { queued: 0, running: 0, waiting: 0, parked: 0, bytesLeft: 0 };
}

/** Where a page of repairs begins. */
export type RepairKey = Pick<RepairRow, "spare" | "fileId" | "segment" | "index">;

/** A page of repairs, the riskiest first. */
export function listRepairs(sql: Sql, after: RepairKey, limit: number): Promise<RepairRow[]> {
  return sql<RepairRow[]>`
    SELECT r.file_id AS "fileId", f.bucket, f.key, r.segment, r.index, r.reason, ${stateOf(sql)} AS state, r.problem,
           r.attempts, r.spare, r.queued_at AS "queuedAt"
    FROM repairs r JOIN stored_files f ON f.id = r.file_id
    WHERE (r.spare, r.file_id, r.segment, r.index)
      > (${after.spare}::int, ${after.fileId}::uuid, ${after.segment}::int, ${after.index}::int)
    ORDER BY r.spare, r.file_id, r.segment, r.index LIMIT ${limit}`;
}

/** What the comparisons have found, by server. */
export function listReconciliations(sql: Sql): Promise<ReconciliationRow[]> {
  return sql<ReconciliationRow[]>`
    SELECT server_id AS "serverId", state, listed, strays, lost, ended_at AS "endedAt" FROM reconciliations
    ORDER BY server_id`;
}

/** Lets the next comparison of a disk take all it finds. @returns whether one had stopped */
export async function allowReconciliation(sql: Sql, serverId: string): Promise<boolean> {
  const rows = await sql`
    UPDATE reconciliations SET state = 'allowed', due_at = now()
    WHERE server_id = ${serverId} AND state = 'halted' RETURNING server_id`;
  return rows.length > 0;
}

/** Whether the database is believed. */
export async function readTrust(sql: Sql): Promise<{ readonly generation: number; readonly doubt: string | null }> {
  const [row] = await sql<{ generation: number; doubt: string | null }[]>`SELECT generation, doubt FROM cluster`;
  return row ?? { generation: 1, doubt: null };
}

/** Believes the database again. Its generation grows, so that daemons know that a person has said so. */
export async function confirmDatabase(sql: Sql): Promise<number> {
  const [row] = await sql<{ generation: number }[]>`
    UPDATE cluster SET doubt = NULL, generation = generation + 1 RETURNING generation`;
  return row?.generation ?? 1;
}
