/** Chunks that no file names any more, until their bytes have left the disks. */
import type { Sql } from "./database.ts";
import type { DatabaseMark } from "./reconciliation.ts";

/** What is to leave a server's disk. */
export interface Garbage {
  /** A chunk, or how the names of all chunks begin that are meant: the UUID of a writer, or that and a segment. */
  readonly chunkId: string;
  readonly serverId: string;
}

/** Garbage that one gateway removes now. */
export interface TakenGarbage extends Garbage, DatabaseMark {
  /** Whether it is kept aside for a while. */
  readonly setAside: boolean;
}

/**
 * Takes some chunks of these servers whose grace time is over, and keeps other gateways away from them for as long as a
 * try may take. Nothing is taken while the database is doubted. A chunk that is not removed in that time is simply due again.
 */
export function takeGarbage(
  sql: Sql,
  servers: readonly string[],
  limit: number,
  trySeconds: number,
): Promise<TakenGarbage[]> {
  return sql<TakenGarbage[]>`
    UPDATE garbage g SET due_at = now() + make_interval(secs => ${trySeconds}), attempts = attempts + 1
    FROM storage_servers s, cluster
    WHERE s.id = g.server_id AND cluster.doubt IS NULL AND (g.server_id, g.chunk_id) IN (
      SELECT server_id, chunk_id FROM garbage WHERE due_at <= now() AND server_id = ANY (${servers as string[]}::uuid[])
      ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING g.chunk_id AS "chunkId", g.server_id AS "serverId", g.set_aside AS "setAside", generation, s.beat`;
}

/** Those of some chunks that a file or a part names now, or that are garbage with a time of their own still to come. */
export async function namedChunks(sql: Sql, chunkIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await sql<{ chunkId: string }[]>`
    SELECT chunk_id AS "chunkId" FROM chunks WHERE chunk_id = ANY (${chunkIds as string[]}::text[])
    UNION ALL
    SELECT chunk_id FROM part_chunks WHERE chunk_id = ANY (${chunkIds as string[]}::text[])
    UNION ALL
    SELECT chunk_id FROM garbage
    WHERE chunk_id = ANY (${chunkIds as string[]}::text[]) AND attempts = 0 AND due_at > now()`;
  return new Set(rows.map(({ chunkId }) => chunkId));
}

/** The chunk's bytes are gone. */
export async function forgetGarbage(sql: Sql, { chunkId, serverId }: Garbage): Promise<void> {
  await sql`DELETE FROM garbage WHERE server_id = ${serverId} AND chunk_id = ${chunkId}`;
}

/** Removes the outcomes of uploads that nobody asks about any more. */
export async function forgetOutcomes(sql: Sql): Promise<void> {
  await sql`DELETE FROM outcomes WHERE committed_at < now() - interval '24 hours'`;
}
