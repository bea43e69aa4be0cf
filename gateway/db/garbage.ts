/** Chunks that no file names any more, until their bytes have left the disks. */
import type { Sql } from "./database.ts";

/** What is to leave a server's disk. */
export interface Garbage {
  /** A chunk, or the UUID of a writer: then all of its chunks. */
  readonly chunkId: string;
  readonly serverId: string;
}

/**
 * Takes some chunks whose grace time is over, and keeps other gateways away from them for as long as a try may take.
 * A chunk that is not removed in that time is simply due again.
 */
export function takeGarbage(sql: Sql, limit: number, trySeconds: number): Promise<Garbage[]> {
  return sql<Garbage[]>`
    UPDATE garbage SET due_at = now() + make_interval(secs => ${trySeconds}), attempts = attempts + 1
    WHERE (server_id, chunk_id) IN (
      SELECT server_id, chunk_id FROM garbage WHERE due_at <= now()
      ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING chunk_id AS "chunkId", server_id AS "serverId"`;
}

/** The chunk's bytes are gone. */
export async function forgetGarbage(sql: Sql, { chunkId, serverId }: Garbage): Promise<void> {
  await sql`DELETE FROM garbage WHERE server_id = ${serverId} AND chunk_id = ${chunkId}`;
}

/** Removes the outcomes of uploads that nobody asks about any more. */
export async function forgetOutcomes(sql: Sql): Promise<void> {
  await sql`DELETE FROM outcomes WHERE committed_at < now() - interval '24 hours'`;
}
