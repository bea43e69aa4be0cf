/** What operators ask of the cluster: to rebalance, to empty a server, to remove it. */
import type { Sql } from "./database.ts";

/** A rebalance or a drain, and how far it is. */
export interface ChangeRow {
  readonly id: string;
  readonly serverId: string | null;
  readonly state: "running" | "paused" | "stopped" | "done";
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly planned: boolean;
  readonly chunksDone: number;
  readonly bytesDone: number;
  readonly chunksLeft: number;
  readonly bytesLeft: number;
  readonly problem: string | null;
}

/** What still names a server. */
export interface Holdings {
  readonly chunks: number;
  readonly parts: number;
  readonly garbage: number;
  /** Uploads that began before the server was drained and may still put a chunk on it. */
  readonly uploads: number;
}

/** Begins a rebalance. @returns its id, or that of the one that runs already */
export async function startRebalance(sql: Sql, id: string): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    WITH begun AS (
      INSERT INTO changes (id, kind) VALUES (${id}, 'rebalance') ON CONFLICT DO NOTHING RETURNING id)
    SELECT id FROM begun UNION ALL
    SELECT id FROM changes WHERE kind = 'rebalance' AND state IN ('running', 'paused') LIMIT 1`;
  return row?.id ?? id;
}

/** Begins a rebalance when a server has registered for the first time since the last one, or since the first server. */
export async function rebalanceAfterJoin(sql: Sql, id: string): Promise<void> {
  await sql`
    INSERT INTO changes (id, kind)
    SELECT ${id}, 'rebalance' WHERE EXISTS (
      SELECT FROM storage_servers s WHERE s.state IN ('active', 'full') AND s.registered_at > coalesce(
        (SELECT max(started_at) FROM changes WHERE kind = 'rebalance'), (SELECT min(created_at) FROM files), now()))
    ON CONFLICT DO NOTHING`;
}

/** Lets a server take no new chunks, and begins to empty it. @returns the change; undefined for a server that is not there */
export async function drainServer(sql: Sql, id: string, serverId: string): Promise<string | undefined> {
  return await sql.begin(async (tx) => {
    const servers = await tx`
      UPDATE storage_servers SET state = 'draining',
        draining_since = CASE WHEN state = 'draining' THEN draining_since ELSE now() END
      WHERE id = ${serverId} AND state <> 'removed' RETURNING id`;
    if (servers.length === 0) return undefined;
    await tx`SELECT pg_notify('sixfold_servers', '')`;
    await tx`INSERT INTO changes (id, kind, server_id) VALUES (${id}, 'drain', ${serverId}) ON CONFLICT DO NOTHING`;
    const [row] = await tx<{ id: string }[]>`
      SELECT id FROM changes WHERE server_id = ${serverId} AND state IN ('running', 'paused')`;
    return row?.id;
  });
}

/** Ends a drain; the daemon's next heartbeat says what the server can do. @returns whether there was one */
export async function cancelDrain(sql: Sql, serverId: string): Promise<boolean> {
  return await sql.begin(async (tx) => {
    await tx`
      DELETE FROM moves WHERE change_id IN (
        SELECT id FROM changes WHERE server_id = ${serverId} AND state IN ('running', 'paused'))`;
    await tx`
      UPDATE changes SET state = 'stopped', ended_at = now()
      WHERE server_id = ${serverId} AND state IN ('running', 'paused')`;
    await tx`DELETE FROM repairs WHERE gone_server = ${serverId}`;
    const rows = await tx`
      UPDATE storage_servers SET state = 'active', draining_since = NULL, gone_queued_at = NULL
      WHERE id = ${serverId} AND state = 'draining' RETURNING id`;
    await tx`SELECT pg_notify('sixfold_servers', '')`;
    return rows.length > 0;
  });
}

/** Pauses, resumes or stops a change. @returns whether that was possible */
export async function setChangeState(
  sql: Sql,
  id: string,
  from: readonly string[],
  to: "running" | "paused" | "stopped",
): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const rows = await tx`
      UPDATE changes SET state = ${to}, ended_at = CASE WHEN ${to} = 'stopped' THEN now() END
      WHERE id = ${id} AND state = ANY (${from as string[]}::text[]) RETURNING id`;
    if (to === "stopped" && rows.length > 0) await tx`DELETE FROM moves WHERE change_id = ${id}`;
    return rows.length > 0;
  });
}

/** All changes, the newest first. */
export function listChanges(sql: Sql, limit: number): Promise<ChangeRow[]> {
  return sql<ChangeRow[]>`
    SELECT id, server_id AS "serverId", state, started_at AS "startedAt", ended_at AS "endedAt", planned,
           chunks_done AS "chunksDone", bytes_done AS "bytesDone", problem,
           (SELECT count(*) FROM moves m WHERE m.change_id = c.id) AS "chunksLeft",
           (SELECT coalesce(sum(bytes), 0)::bigint FROM moves m WHERE m.change_id = c.id) AS "bytesLeft"
    FROM changes c ORDER BY started_at DESC LIMIT ${limit}`;
}

/** What still names a server; undefined for one that is not there. */
export async function holdingsOf(sql: Sql, serverId: string): Promise<(Holdings & { state: string }) | undefined> {
  const [row] = await sql<(Holdings & { state: string })[]>`
    SELECT state, (SELECT count(*) FROM chunks WHERE server_id = s.id) AS chunks,
           (SELECT count(*) FROM part_chunks WHERE server_id = s.id) AS parts,
           (SELECT count(*) FROM garbage WHERE server_id = s.id) AS garbage,
           (SELECT count(*) FROM intents WHERE began_at <= coalesce(s.draining_since, now())) AS uploads
    FROM storage_servers s WHERE id = ${serverId} AND state <> 'removed'`;
  return row;
}

/**
 * Takes a server off the cluster for good. Its row stays, so that its daemon cannot come back by itself; what rows still
 * name it are those of chunks that are lost, and will be rebuilt.
 */
export async function removeServer(sql: Sql, serverId: string): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`UPDATE storage_servers SET state = 'removed', gone_queued_at = NULL WHERE id = ${serverId}`;
    await tx`DELETE FROM hash_ring_nodes WHERE server_id = ${serverId}`;
    await tx`DELETE FROM garbage WHERE server_id = ${serverId}`;
    await tx`
      UPDATE changes SET state = 'done', ended_at = now() WHERE server_id = ${serverId} AND state IN ('running', 'paused')`;
    await tx`SELECT pg_notify('sixfold_servers', '')`;
  });
}
