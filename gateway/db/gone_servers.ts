/**
 * Servers that are away for longer than one waits for them: their chunks are queued for repair, until they come back; and
 * those that are to go.
 */
import { BEATS, LEAST_MS } from "../../shared/silence.ts";
import type { Sql } from "./database.ts";

/** Within a statement: whether a server is away for so long, and off the ring at all. */
const isSilent = (sql: Sql, afterSeconds: number) =>
  sql`last_heartbeat < (SELECT max(last_heartbeat) FROM storage_servers) - make_interval(
        secs => greatest(${afterSeconds}, ${LEAST_MS / 1000}, ${BEATS} * heartbeat_ms / 1000.0)::float8)`;

/** The servers whose last heartbeat is so much older than the newest one, and whose chunks are not all queued yet. */
export async function findGoneServers(sql: Sql, afterSeconds: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM storage_servers
    WHERE (gone_queued_at IS NULL OR gone_queued_at = 'infinity')
      AND (state = 'removed' OR ${isSilent(sql, afterSeconds)})`;
  return rows.map(({ id }) => id);
}

/**
 * From now on whoever puts chunks of this server on record queues them too. Those who are at it hold the server's row by
 * the foreign key, and are waited for: what they put on record is seen by the pages that are queued next.
 */
export async function beginGoneServer(sql: Sql, serverId: string): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`SELECT FROM storage_servers WHERE id = ${serverId} FOR UPDATE`;
    await tx`UPDATE storage_servers SET gone_queued_at = 'infinity' WHERE id = ${serverId}`;
  });
}

/**
 * Queues a page of a server's chunks, in the order of its disk, after `beginGoneServer`.
 * @param after the last name of the page before, or empty
 * @returns the last name of this page; undefined at the end, which is then on record
 */
export async function queueGoneServer(
  sql: Sql,
  serverId: string,
  after: string,
  limit: number,
): Promise<string | undefined> {
  const [row] = await sql<{ last: string | null }[]>`
    WITH page AS (
      SELECT c.file_id, c.segment, c.index, c.chunk_id, s.m, s.of_part FROM stored_chunks c
      JOIN stored_segments s ON s.file_id = c.file_id AND s.number = c.segment
      WHERE c.server_id = ${serverId}
        AND (substring(c.chunk_id FROM 33 FOR 4), c.chunk_id) > (substring(${after}::text FROM 33 FOR 4), ${after}::text)
      ORDER BY substring(c.chunk_id FROM 33 FOR 4), c.chunk_id LIMIT ${limit}
    ), queued AS (
      INSERT INTO repairs (file_id, segment, index, of_part, reason, spare, gone_server)
      SELECT file_id, segment, index, of_part, 'its server is away', m - 1 - (
        SELECT count(*) FROM repairs r WHERE r.file_id = page.file_id AND r.segment = page.segment), ${serverId}
      FROM page ON CONFLICT DO NOTHING
    )
    SELECT (SELECT chunk_id FROM page ORDER BY substring(chunk_id FROM 33 FOR 4) DESC, chunk_id DESC LIMIT 1) AS last`;
  if (row?.last != null) return row.last;
  await sql`UPDATE storage_servers SET gone_queued_at = now() WHERE id = ${serverId} AND gone_queued_at = 'infinity'`;
  return undefined;
}

/**
 * Queues what open uploads in parts have on servers that are being emptied: moves are for files, and an upload may stay open
 * for longer than a drain should wait.
 */
export async function queueDrainedParts(sql: Sql): Promise<void> {
  await sql`
    INSERT INTO repairs (file_id, segment, index, of_part, reason, spare, gone_server)
    SELECT c.upload_id, c.segment, c.index, true, 'its server is being emptied', p.m, c.server_id
    FROM changes o JOIN part_chunks c ON c.server_id = o.server_id JOIN parts p USING (upload_id, segment)
    WHERE o.kind = 'drain' AND o.state = 'running' ON CONFLICT DO NOTHING`;
}

/** Withdraws what was queued only because a server was away that is back. @returns how many repairs that were */
export async function withdrawRepairs(sql: Sql, afterSeconds: number): Promise<number> {
  const rows = await sql`
    WITH back AS (
      UPDATE storage_servers SET gone_queued_at = NULL
      WHERE gone_queued_at IS NOT NULL AND state <> 'removed' AND NOT ${isSilent(sql, afterSeconds)}
      RETURNING id
    )
    DELETE FROM repairs WHERE gone_server IN (SELECT id FROM back) RETURNING 1`;
  return rows.length;
}
