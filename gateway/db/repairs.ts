/** Chunks that have to be rebuilt: queued by whoever finds them, worked on by any gateway. */
import type { Sql, Transaction } from "./database.ts";

/** A chunk of a file that is missing or damaged. */
export interface Damage {
  readonly fileId: string;
  readonly segment: number;
  readonly index: number;
  /** What was found, as a person reads it. */
  readonly reason: string;
  /** The `traceParent` of what found it, where that was traced. */
  readonly trace?: string | null;
}

/** The channel on which gateways hear that something was queued. It only speeds things up. */
export const REPAIRS_CHANNEL = "sixfold_repairs";

/**
 * Queues chunks for repair. What is queued already stays where it is and takes the newer reason; what belongs to a file
 * that is gone is left out.
 */
export async function queueRepairs(sql: Sql, damages: readonly Damage[]): Promise<void> {
  // In the order of their keys, so that two who queue the same chunks never wait for each other.
  const unique = new Map(damages.map((damage) => [`${damage.fileId}.${damage.segment}.${damage.index}`, damage]));
  const rows = [...unique].sort(([a], [b]) => a < b ? -1 : 1).map(([, { fileId, segment, index, reason, trace }]) => {
    return { file_id: fileId, segment, index, reason, trace };
  });
  if (rows.length === 0) return;
  await sql.begin(async (tx) => {
    const queued = await tx<{ fileId: string; segment: number }[]>`
      INSERT INTO repairs (file_id, segment, index, reason, trace)
      SELECT d.file_id, d.segment, d.index, d.reason, d.trace
      FROM jsonb_to_recordset(${tx.json(rows)}) AS d (file_id uuid, segment int, index int, reason text, trace text)
      JOIN segments s ON s.file_id = d.file_id AND s.number = d.segment
      ON CONFLICT (file_id, segment, index) DO UPDATE SET reason = excluded.reason, gone_server = NULL, trace = excluded.trace
      RETURNING file_id AS "fileId", segment`;
    await weighRepairs(tx, queued);
    await tx`SELECT pg_notify(${REPAIRS_CHANNEL}, '')`;
  });
}

/** Says of the repairs of some segments how near to a loss they are. */
async function weighRepairs(
  tx: Transaction,
  segments: readonly { readonly fileId: string; readonly segment: number }[],
): Promise<void> {
  const rows = segments.map(({ fileId, segment }) => ({ file_id: fileId, segment }));
  await tx`
    UPDATE repairs r SET spare = s.m - (
      SELECT count(*) FROM repairs o WHERE o.file_id = r.file_id AND o.segment = r.segment)
    FROM segments s, jsonb_to_recordset(${tx.json(rows)}) AS d (file_id uuid, segment int)
    WHERE r.file_id = d.file_id AND r.segment = d.segment AND s.file_id = d.file_id AND s.number = d.segment`;
}
