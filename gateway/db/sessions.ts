/** The life of an upload session: opened, kept alive, given up. Whoever changes one locks its row first. */
import type { Sql, Transaction } from "./database.ts";
import { IN_FLIGHT_SECONDS } from "./uploads.ts";

/** A session that is opened. */
export interface NewSession {
  readonly id: string;
  readonly bucket: string;
  readonly key: Uint8Array;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly ifAbsent: boolean;
  /** In bytes; null where it was not declared. */
  readonly size: number | null;
  /** Of the whole file; null where it was not declared. */
  readonly sha256: Uint8Array | null;
  /** Whether it is a part of a file, and becomes none by itself. */
  readonly partial: boolean;
  /** What was said of it, in the words of who opened it; null where there is nothing to tell again. */
  readonly said: string | null;
}

/** An open session. */
export interface SessionRow extends NewSession {
  /** Bytes that have arrived. */
  readonly received: number;
  /** Rows of parts. */
  readonly parts: number;
  /** How many numbers of segments were given out. */
  readonly nextSegment: number;
  readonly expiresAt: Date;
}

/** A part is sent for so long at most without a sign from PostgreSQL that its session still lives. */
export const WRITER_SECONDS = 60;
/** Behind the end of a session: by then no writer of its is left, and nothing of one is still on its way to a disk. */
const FENCE_SECONDS = WRITER_SECONDS + IN_FLIGHT_SECONDS;

/** The columns of a SessionRow. */
const columns = (sql: Sql | Transaction) =>
  sql`id, bucket, key, content_type AS "contentType", metadata, if_absent AS "ifAbsent", size, sha256, partial, said,
      received, parts, next_segment AS "nextSegment", expires_at AS "expiresAt"`;

/** Opens a session; undefined when `most` are open. */
export async function beginSession(
  sql: Sql,
  session: NewSession,
  ttlSeconds: number,
  most: number,
): Promise<SessionRow | undefined> {
  const { id, bucket, key, contentType, metadata, ifAbsent, size, sha256, partial, said } = session;
  const [row] = await sql<SessionRow[]>`
    INSERT INTO upload_sessions
      (id, bucket, key, content_type, metadata, if_absent, size, sha256, partial, said, expires_at)
    SELECT ${id}::uuid, ${bucket}, ${key}::bytea, ${contentType}, ${sql.json(metadata)}::jsonb, ${ifAbsent}::boolean,
           ${size}::bigint, ${sha256}::bytea, ${partial}::boolean, ${said}::text,
           now() + make_interval(secs => ${ttlSeconds})
    WHERE (SELECT count(*) FROM upload_sessions) < ${most}
    RETURNING ${columns(sql)}`;
  return row;
}

/** An open session; undefined when it is complete, was given up, or has expired. */
export async function findSession(sql: Sql, id: string): Promise<SessionRow | undefined> {
  const [row] = await sql<SessionRow[]>`
    SELECT ${columns(sql)} FROM upload_sessions WHERE id = ${id} AND expires_at > now()`;
  return row;
}

/** The same, with nobody else changing it or its parts until the transaction ends. */
export async function lockSession(tx: Transaction, id: string): Promise<SessionRow | undefined> {
  const [row] = await tx<SessionRow[]>`
    SELECT ${columns(tx)} FROM upload_sessions WHERE id = ${id} AND expires_at > now() FOR UPDATE`;
  return row;
}

/**
 * Declares the size of a session that was opened without one.
 * @returns the session as it is then, unchanged where it has another size or more has arrived; undefined when it has ended
 */
export async function declareSize(sql: Sql, id: string, size: number): Promise<SessionRow | undefined> {
  return await sql.begin(async (tx) => {
    const session = await lockSession(tx, id);
    if (session === undefined || session.size !== null) return session;
    const [beyond] =
      await tx`SELECT FROM parts WHERE upload_id = ${id} AND "offset" + length > ${size}::bigint LIMIT 1`;
    if (beyond !== undefined) return session;
    await tx`UPDATE upload_sessions SET size = ${size} WHERE id = ${id}`;
    return { ...session, size };
  });
}

/** Puts off the end of a session; false when it has ended. */
export async function renewSession(sql: Sql, id: string, ttlSeconds: number): Promise<boolean> {
  const rows = await sql`
    UPDATE upload_sessions SET expires_at = now() + make_interval(secs => ${ttlSeconds})
    WHERE id = ${id} AND expires_at > now() RETURNING id`;
  return rows.length > 0;
}

/** Gives out the number of a segment, and puts off the end of the session; undefined when it has ended. */
export async function takeSegment(sql: Sql, id: string, ttlSeconds: number): Promise<number | undefined> {
  const [row] = await sql<{ number: number }[]>`
    UPDATE upload_sessions
    SET next_segment = next_segment + 1, expires_at = now() + make_interval(secs => ${ttlSeconds})
    WHERE id = ${id} AND expires_at > now() RETURNING next_segment - 1 AS number`;
  return row?.number;
}

/** Gives up a session; one that is not there is none to give up. */
export async function abortSession(sql: Sql, id: string): Promise<void> {
  await sql.begin(async (tx) => {
    const [row] = await tx`SELECT id FROM upload_sessions WHERE id = ${id} FOR UPDATE`;
    if (row !== undefined) await removeSession(tx, id);
  });
}

/**
 * Gives up sessions that have expired. One transaction each: a session may have many thousand parts.
 * @returns how many there were
 */
export async function abandonExpiredSessions(sql: Sql, limit: number): Promise<number> {
  for (let count = 0; count < limit; count++) {
    const found = await sql.begin(async (tx) => {
      const [row] = await tx<{ id: string }[]>`
        SELECT id FROM upload_sessions WHERE expires_at <= now()
        ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED`;
      if (row !== undefined) await removeSession(tx, row.id);
      return row !== undefined;
    });
    if (!found) return count;
  }
  return limit;
}

/**
 * Removes a session whose row is locked. The chunks of its parts are garbage at once, since nobody ever saw them; what
 * else its writers left, or are still writing, is so once all of them must have noticed. Who has taken no number for a
 * segment has written nothing.
 */
async function removeSession(tx: Transaction, id: string): Promise<void> {
  await tx`
    INSERT INTO garbage (chunk_id, server_id, due_at)
    SELECT chunk_id, server_id, now() FROM part_chunks WHERE upload_id = ${id}
    UNION ALL
    SELECT ${id}, s.id, now() + make_interval(secs => ${FENCE_SECONDS})
    FROM storage_servers s JOIN upload_sessions u ON u.id = ${id} AND u.next_segment > 0
    ON CONFLICT DO NOTHING`;
  await tx`DELETE FROM upload_sessions WHERE id = ${id}`;
}

/** Numbers that were given out and became no part: what was written under them is garbage. The row must be locked. */
export async function sweepUnusedSegments(tx: Transaction, { id, nextSegment }: SessionRow): Promise<void> {
  await tx`
    INSERT INTO garbage (chunk_id, server_id, due_at)
    SELECT ${id} || '.' || number || '.', s.id, now() + make_interval(secs => ${FENCE_SECONDS})
    FROM generate_series(0, ${nextSegment - 1}::int) AS number CROSS JOIN storage_servers s
    WHERE NOT EXISTS (SELECT FROM parts WHERE upload_id = ${id} AND segment = number)
    ON CONFLICT DO NOTHING`;
}
