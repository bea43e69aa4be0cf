/** Puts a new copy of a chunk in the place of the one before: the commit of a repair or a move. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql } from "./database.ts";
import type { ChunkRow } from "./files.ts";
import type { StrayChunk } from "./uploads.ts";

/** What is put in whose place. */
export interface ChunkSwitch {
  readonly fileId: string;
  readonly segment: number;
  /** The chunk that the row must name; undefined where there must be no row. */
  readonly before: string | undefined;
  readonly after: ChunkRow;
  /** The repair or the move, whose intent must live. */
  readonly writer: string;
  /** The table whose row asked for it and must still be claimed by the writer. */
  readonly queue: "repairs" | "moves";
  /** What else may exist of the writer. */
  readonly strays: readonly StrayChunk[];
  /** How long the bytes of the chunk before stay on its disk. */
  readonly graceSeconds: number;
  /** Whether they are then kept aside for a while instead of removed. */
  readonly setAside: boolean;
}

/** After so long no statement still runs that began before the switch. */
const SECOND_LOOK_SECONDS = 30;

/**
 * Switches a row, in one transaction, if everything is still as it was when the work began. Locking the segment first
 * makes switches of one segment take turns, and keeps them from waiting for a deletion in a circle.
 * @throws SixfoldError `aborted` when something has changed meanwhile: then nothing has happened
 */
export async function switchChunk(sql: Sql, change: ChunkSwitch): Promise<void> {
  const { fileId, segment, before, after, writer, graceSeconds, setAside } = change;
  await sql.begin(async (tx) => {
    const [found] = await tx<{ m: number }[]>`
      SELECT m FROM segments WHERE file_id = ${fileId} AND number = ${segment} FOR NO KEY UPDATE`;
    const intents = await tx`DELETE FROM intents WHERE id = ${writer} RETURNING id`;
    const asked = await tx`
      DELETE FROM ${change.queue === "repairs" ? tx`repairs` : tx`moves`}
      WHERE file_id = ${fileId} AND segment = ${segment} AND index = ${after.index} AND claimed_by = ${writer}
      RETURNING index`;
    if (found === undefined || intents.length === 0 || asked.length === 0) throw overtaken();
    const [load] = await tx<{ count: number }[]>`
      SELECT count(*) FROM chunks WHERE file_id = ${fileId} AND segment = ${segment} AND index <> ${after.index}
        AND server_id = ${after.serverId}`;
    if ((load?.count ?? 0) >= Math.max(1, found.m)) throw overtaken();
    const { index, chunkId, serverId, length, sha256 } = after;
    const switched = before === undefined
      ? await tx`
        INSERT INTO chunks (file_id, segment, index, chunk_id, server_id, length, sha256)
        VALUES (${fileId}, ${segment}, ${index}, ${chunkId}, ${serverId}, ${length}, decode(${sha256}, 'hex'))
        ON CONFLICT (file_id, segment, index) DO NOTHING RETURNING NULL::uuid AS "serverId"`
      : await tx`
        UPDATE chunks c SET chunk_id = ${chunkId}, server_id = ${serverId}, length = ${length},
          sha256 = decode(${sha256}, 'hex'), state = 'stored'
        FROM chunks old
        WHERE c.file_id = ${fileId} AND c.segment = ${segment} AND c.index = ${index} AND c.chunk_id = ${before}
          AND old.chunk_id = c.chunk_id
        RETURNING old.server_id AS "serverId"`;
    if (switched.length === 0) throw overtaken();
    if (before !== undefined) {
      await tx`
        INSERT INTO garbage (chunk_id, server_id, due_at, set_aside)
        VALUES (${before}, ${switched[0]?.["serverId"]}, now() + make_interval(secs => ${graceSeconds}), ${setAside})
        ON CONFLICT DO NOTHING`;
    }
    // The new chunk is among them: whoever deletes the file with a statement that began before this one sees the chunk
    // before, and leaves the new one behind. The cleanup looks at it once more, and removes it if no row names it then.
    const strays = change.strays.map((stray) => ({ chunkId: stray.chunkId, serverId: stray.serverId }));
    await tx`
      INSERT INTO garbage (chunk_id, server_id, due_at)
      SELECT "chunkId", "serverId", now() + make_interval(secs => ${SECOND_LOOK_SECONDS})
      FROM jsonb_to_recordset(${tx.json(strays)}) AS g ("chunkId" text, "serverId" uuid)
      ON CONFLICT DO NOTHING`;
  });
}

function overtaken(): SixfoldError {
  return new SixfoldError("aborted", "the chunk was deleted, repaired or moved meanwhile");
}
