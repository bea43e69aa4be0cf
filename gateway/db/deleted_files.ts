/** Files that are gone and can be brought back until the first of their chunks is due to leave its disk. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql } from "./database.ts";
import { sweepGone } from "./files.ts";
import { queueLacking } from "./repairs.ts";

/**
 * Removes a file, gives its chunks to the garbage and keeps what it was, in one statement: all of them see the rows that
 * the cascade has not yet removed.
 * @param graceSeconds how long the bytes stay on the disks; with 0 nothing can be brought back
 * @returns the id of the file that was removed
 */
export async function deleteRestorably(
  sql: Sql,
  bucket: string,
  key: Uint8Array,
  graceSeconds: number,
): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    WITH gone AS (
      DELETE FROM files WHERE bucket = ${bucket} AND key = ${key} RETURNING *
    ), swept AS (${sweepGone(sql, graceSeconds)}
    ), kept AS (
      INSERT INTO deleted_files (id, bucket, key, file, segments, chunks, until)
      SELECT gone.id, gone.bucket, gone.key, to_jsonb(gone),
             (SELECT coalesce(jsonb_agg(to_jsonb(s)), '[]') FROM segments s WHERE s.file_id = gone.id),
             (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') FROM chunks c WHERE c.file_id = gone.id),
             now() + make_interval(secs => ${graceSeconds})
      FROM gone WHERE ${graceSeconds}::float8 > 0
    )
    SELECT id FROM gone`;
  return row?.id;
}

/**
 * Brings a file back, as it was and under its id: all of it, or nothing. A chunk whose removal has begun has its garbage
 * row locked or marked, and so is never taken back; while one is taken back, no removal can begin.
 * @throws SixfoldError `not_found` when it is too late; `already_exists` when the key is taken again
 */
export async function restoreFile(sql: Sql, bucket: string, key: Uint8Array, id: string): Promise<void> {
  await sql.begin(async (tx) => {
    const [kept] = await tx`
      SELECT id FROM deleted_files WHERE id = ${id} AND bucket = ${bucket} AND key = ${key} AND until > now() FOR UPDATE`;
    if (kept === undefined) throw tooLate();
    const [freed] = await tx<{ whole: boolean }[]>`
      WITH wanted AS (
        SELECT c.chunk_id, c.server_id FROM deleted_files d, jsonb_populate_recordset(NULL::chunks, d.chunks) c
        WHERE d.id = ${id}
      ), freed AS (
        DELETE FROM garbage g USING wanted w
        WHERE g.server_id = w.server_id AND g.chunk_id = w.chunk_id AND g.attempts = 0 AND g.due_at > now()
        RETURNING g.chunk_id
      )
      SELECT (SELECT count(*) FROM wanted) = (SELECT count(*) FROM freed) AS whole`;
    if (!freed?.whole) throw tooLate();
    await tx`INSERT INTO buckets (name) VALUES (${bucket}) ON CONFLICT DO NOTHING`;
    const placed = await tx`
      INSERT INTO files SELECT f.* FROM deleted_files d, jsonb_populate_record(NULL::files, d.file) f WHERE d.id = ${id}
      ON CONFLICT (bucket, key) DO NOTHING RETURNING id`;
    if (placed.length === 0) {
      throw new SixfoldError("already_exists", "another file has this key now; delete or move it first");
    }
    await tx`
      INSERT INTO segments
      SELECT s.* FROM deleted_files d, jsonb_populate_recordset(NULL::segments, d.segments) s WHERE d.id = ${id}`;
    await tx`
      INSERT INTO chunks
      SELECT c.* FROM deleted_files d, jsonb_populate_recordset(NULL::chunks, d.chunks) c WHERE d.id = ${id}`;
    await queueLacking(tx, id, null, "it was missing when the file was deleted");
    await tx`DELETE FROM deleted_files WHERE id = ${id}`;
  });
}

/** The id of the file that was deleted last under a key and can be brought back. */
export async function findLastDeleted(sql: Sql, bucket: string, key: Uint8Array): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    SELECT id FROM deleted_files WHERE bucket = ${bucket} AND key = ${key} AND until > now()
    ORDER BY until DESC LIMIT 1`;
  return row?.id;
}

/** Forgets those that cannot be brought back any more. */
export async function forgetDeleted(sql: Sql): Promise<void> {
  await sql`DELETE FROM deleted_files WHERE until <= now()`;
}

/** The answer to whoever asks for a file that is not there to be brought back. */
export function tooLate(): SixfoldError {
  return new SixfoldError("not_found", "there is no such file that could be brought back; its time is over");
}
