/** What a comparison of a disk with the database asks the database. */
import type { Sql } from "./database.ts";
import type { Damage } from "./repairs.ts";

/** How new this database is, as a server's daemon can check. */
export interface DatabaseMark {
  readonly generation: number;
  readonly beat: number;
}

/** Whose disk is compared now. */
export interface Reconciliation {
  readonly serverId: string;
  /** An operator has said yes to what the pass before found. */
  readonly allowed: boolean;
}

/** Takes a server whose turn it is, and keeps other gateways away from it for a while. */
export async function takeReconciliation(
  sql: Sql,
  servers: readonly string[],
  leaseSeconds: number,
): Promise<Reconciliation | undefined> {
  await sql`
    INSERT INTO reconciliations (server_id)
    SELECT id FROM storage_servers WHERE id = ANY (${servers as string[]}::uuid[]) ON CONFLICT DO NOTHING`;
  const [row] = await sql<Reconciliation[]>`
    UPDATE reconciliations SET due_at = now() + make_interval(secs => ${leaseSeconds})
    WHERE server_id = (
      SELECT server_id FROM reconciliations
      WHERE due_at <= now() AND state <> 'halted' AND server_id = ANY (${servers as string[]}::uuid[])
        AND NOT EXISTS (SELECT FROM cluster WHERE doubt IS NOT NULL)
      ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING server_id AS "serverId", state = 'allowed' AS allowed`;
  return row;
}

/** Keeps other gateways away for longer. */
export async function renewReconciliation(sql: Sql, serverId: string, leaseSeconds: number): Promise<void> {
  await sql`
    UPDATE reconciliations SET due_at = now() + make_interval(secs => ${leaseSeconds}) WHERE server_id = ${serverId}`;
}

/** Gives a turn back that came to no end. @param seconds when the server is due again */
export async function giveBackReconciliation(sql: Sql, serverId: string, seconds: number): Promise<void> {
  await sql`
    UPDATE reconciliations SET due_at = now() + make_interval(secs => ${seconds}) WHERE server_id = ${serverId}`;
}

/** Keeps what a pass has found. @param halted whether it found so many strays that an operator has to look */
export async function endReconciliation(
  sql: Sql,
  serverId: string,
  found: { readonly listed: number; readonly strays: number; readonly lost: number },
  halted: boolean,
  everySeconds: number,
): Promise<void> {
  await sql`
    UPDATE reconciliations SET listed = ${found.listed}, strays = ${found.strays}, lost = ${found.lost},
      ended_at = now(), state = ${
    halted ? "halted" : "waiting"
  }, due_at = now() + make_interval(secs => ${everySeconds})
    WHERE server_id = ${serverId}`;
}

/**
 * Which of some names that a server has listed nothing in the database accounts for. One statement, so that it sees one
 * moment: a name moves from an intent or a session to a chunk or the garbage within one transaction, and two statements
 * could each miss it. The names were listed before: whoever wrote such a file had its intent or session on record before
 * the first byte, so at this moment the intent, or what became of it, is there.
 * @returns the mark of the same moment
 */
export async function findStrays(
  sql: Sql,
  serverId: string,
  names: readonly string[],
): Promise<{ readonly strays: readonly string[]; readonly mark: DatabaseMark } | undefined> {
  const [row] = await sql<(DatabaseMark & { strays: string[] })[]>`
    SELECT generation, s.beat, coalesce((
      SELECT array_agg(n.name) FROM (
        SELECT name, left(name, 36) AS writer FROM unnest(${names as string[]}::text[]) AS u (name)) n
      WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.chunk_id = n.name)
        AND NOT EXISTS (SELECT FROM part_chunks c WHERE c.chunk_id = n.name)
        AND NOT EXISTS (SELECT FROM intents i WHERE i.id = n.writer::uuid)
        AND NOT EXISTS (SELECT FROM upload_sessions u WHERE u.id = n.writer::uuid)
        AND NOT EXISTS (
          SELECT FROM garbage g WHERE g.server_id = s.id
            AND g.chunk_id IN (n.name, n.writer, n.writer || '.' || split_part(n.name, '.', 2) || '.'))
      ), '{}') AS strays
    FROM cluster, storage_servers s WHERE s.id = ${serverId} AND cluster.doubt IS NULL`;
  return row && { strays: row.strays, mark: { generation: Number(row.generation), beat: Number(row.beat) } };
}

/**
 * The chunks that files and open uploads in parts have on a server between two names, in the order of its disk; `after` is left out, `last` is not.
 * @param after and
 * @param last names of chunks; empty for the beginning, and for the end
 */
export async function chunksBetween(sql: Sql, serverId: string, after: string, last: string): Promise<string[]> {
  const rows = await sql<{ chunkId: string }[]>`
    SELECT chunk_id AS "chunkId" FROM stored_chunks
    WHERE server_id = ${serverId}
      AND (substring(chunk_id FROM 33 FOR 4), chunk_id) > (substring(${after}::text FROM 33 FOR 4), ${after}::text)
      AND (${last} = '' OR (substring(chunk_id FROM 33 FOR 4), chunk_id)
        <= (substring(${last}::text FROM 33 FOR 4), ${last}::text))`;
  return rows.map(({ chunkId }) => chunkId);
}

/** What files and open uploads in parts lose with some chunks. */
export async function damageOf(sql: Sql, chunkIds: readonly string[], reason: string): Promise<Damage[]> {
  return await sql<Damage[]>`
    SELECT file_id AS "fileId", segment, index, ${reason}::text AS reason FROM stored_chunks
    WHERE chunk_id = ANY (${chunkIds as string[]}::text[])`;
}
