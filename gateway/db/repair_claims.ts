/** The life of a repair: claimed by one gateway, then done, put off, or parked. */
import type { Sql } from "./database.ts";
import type { Damage } from "./repairs.ts";

/** A repair that one gateway works on. */
export interface ClaimedRepair extends Damage {
  /** Tries that have failed. */
  readonly attempts: number;
  /** Whether the chunk itself was found bad or missing, and not only its server away. */
  readonly damaged: boolean;
}

/** How long a server counts as just come; a little more than the time between two looks. */
const JUST_NOW = "8 seconds";

/**
 * Claims the riskiest repair that is due, and begins the intent of `writer` in the same statement. One chunk of a segment
 * is repaired at a time. Nothing is claimed of a segment when more servers are gone than it can lose, unless an operator
 * asked for it: then it is more likely that the gateway is cut off than that they are lost.
 * @param gone the servers that are away; those that keep nothing do not count
 */
export async function claimRepair(
  sql: Sql,
  writer: string,
  leaseSeconds: number,
  gone: readonly string[],
): Promise<ClaimedRepair | undefined> {
  const [row] = await sql<ClaimedRepair[]>`
    WITH next AS (
      SELECT r.file_id, r.segment, r.index FROM repairs r
      JOIN stored_segments s ON s.file_id = r.file_id AND s.number = r.segment
      WHERE r.state = 'queued' AND r.due_at <= now()
        AND (r.asked OR s.m >= (
          SELECT count(*) FROM unnest(${gone as string[]}::uuid[]) AS g (id)
          WHERE EXISTS (SELECT FROM stored_chunks c WHERE c.server_id = g.id)))
        AND NOT EXISTS (
          SELECT FROM repairs o JOIN intents i ON i.id = o.claimed_by
          WHERE o.file_id = r.file_id AND o.segment = r.segment)
      ORDER BY r.spare, r.due_at LIMIT 1 FOR UPDATE OF r SKIP LOCKED
    ), intent AS (
      INSERT INTO intents (id, lease_until) SELECT ${writer}, now() + make_interval(secs => ${leaseSeconds}) FROM next
    )
    UPDATE repairs r SET claimed_by = ${writer} FROM next
    WHERE r.file_id = next.file_id AND r.segment = next.segment AND r.index = next.index
    RETURNING r.file_id AS "fileId", r.segment, r.index, r.reason, r.attempts, r.trace,
      r.gone_server IS NULL AS damaged`;
  return row;
}

/** Puts a repair off for a while. @param isTry whether this counts as a try that has failed */
export async function deferRepair(
  sql: Sql,
  { fileId, segment, index }: ClaimedRepair,
  writer: string,
  problem: string,
  seconds: number,
  isTry: boolean,
): Promise<void> {
  await sql`
    UPDATE repairs SET claimed_by = NULL, problem = ${problem}, due_at = now() + make_interval(secs => ${seconds}),
      attempts = attempts + ${isTry ? 1 : 0}::int
    WHERE file_id = ${fileId} AND segment = ${segment} AND index = ${index} AND claimed_by = ${writer}`;
}

/** Parks a repair that cannot succeed as things are. */
export async function parkRepair(
  sql: Sql,
  { fileId, segment, index }: ClaimedRepair,
  writer: string,
  problem: string,
): Promise<void> {
  await sql`
    UPDATE repairs SET claimed_by = NULL, problem = ${problem}, state = 'parked', due_at = now(), asked = false
    WHERE file_id = ${fileId} AND segment = ${segment} AND index = ${index} AND claimed_by = ${writer}`;
}

/**
 * Looks again at what was parked before a server came (back), and at what waits for its next try when one has come in the
 * last seconds. @returns how many there were
 */
export async function unparkRepairs(sql: Sql): Promise<number> {
  const rows = await sql`
    WITH newest AS (SELECT max(joined_at) AS joined_at FROM storage_servers)
    UPDATE repairs r SET state = 'queued', due_at = now(), attempts = CASE state WHEN 'parked' THEN 0 ELSE attempts END
    FROM newest WHERE (r.state = 'parked' AND r.due_at < newest.joined_at)
      OR (r.state = 'queued' AND r.due_at > now() AND newest.joined_at > now() - ${JUST_NOW}::interval)
    RETURNING 1`;
  return rows.length;
}

/** Looks at one repair, or at all that were parked, now. @returns how many there were */
export async function askForRepairs(
  sql: Sql,
  which: { readonly fileId: string; readonly segment: number; readonly index: number } | "parked",
): Promise<number> {
  const rows = which === "parked"
    ? await sql`
      UPDATE repairs SET state = 'queued', attempts = 0, asked = true, due_at = now()
      WHERE state = 'parked' RETURNING 1`
    : await sql`
      UPDATE repairs SET state = 'queued', attempts = 0, asked = true, due_at = now()
      WHERE file_id = ${which.fileId} AND segment = ${which.segment} AND index = ${which.index} RETURNING 1`;
  return rows.length;
}
