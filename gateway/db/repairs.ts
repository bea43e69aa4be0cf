/** Chunks that have to be rebuilt: queued by whoever finds them, worked on by any gateway. */
import { traceParent } from "../../shared/telemetry.ts";
import type { Sql, Transaction } from "./database.ts";

/** A chunk of a file, or of an open upload in parts, that is missing or damaged. */
export interface Damage {
  /** The file, or the upload. */
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
 * or an upload that is gone is left out.
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
      INSERT INTO repairs (file_id, segment, index, of_part, reason, trace)
      SELECT d.file_id, d.segment, d.index, s.of_part, d.reason, d.trace
      FROM jsonb_to_recordset(${tx.json(rows)}) AS d (file_id uuid, segment int, index int, reason text, trace text)
      JOIN stored_segments s ON s.file_id = d.file_id AND s.number = d.segment
      ON CONFLICT (file_id, segment, index) DO UPDATE SET reason = excluded.reason, gone_server = NULL, trace = excluded.trace
      RETURNING file_id AS "fileId", segment`;
    await weighRepairs(tx, queued);
    await tx`SELECT pg_notify(${REPAIRS_CHANNEL}, '')`;
  });
}

/**
 * Queues what segments lack that have just been put on record: chunks that were not stored, and those of a server that has
 * gone meanwhile: what else it keeps was queued before.
 * @param id the file, or the upload in parts
 * @param segments their numbers; null for all
 */
export async function queueLacking(
  tx: Transaction,
  id: string,
  segments: readonly number[] | null,
  reason: string,
): Promise<void> {
  await tx`
    INSERT INTO repairs (file_id, segment, index, of_part, reason, gone_server, trace)
    SELECT s.file_id, s.number, i, s.of_part,
           CASE WHEN c.chunk_id IS NULL THEN ${reason} ELSE 'its server is away' END, v.id, ${traceParent()}::text
    FROM stored_segments s CROSS JOIN LATERAL generate_series(0, s.k + s.m - 1) AS i
    LEFT JOIN stored_chunks c ON c.file_id = s.file_id AND c.segment = s.number AND c.index = i
    LEFT JOIN storage_servers v ON v.id = c.server_id AND v.gone_queued_at IS NOT NULL
    WHERE s.file_id = ${id} AND (${segments as number[] | null}::int[] IS NULL OR s.number = ANY (${segments as
    | number[]
    | null}::int[])) AND s.inline IS NULL AND (c.chunk_id IS NULL OR v.id IS NOT NULL)`;
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
    FROM stored_segments s, jsonb_to_recordset(${tx.json(rows)}) AS d (file_id uuid, segment int)
    WHERE r.file_id = d.file_id AND r.segment = d.segment AND s.file_id = d.file_id AND s.number = d.segment`;
}
