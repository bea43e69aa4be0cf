/** Puts a new copy of a chunk in the place of the one before: the commit of a repair or a move. */
import { SixfoldError } from "../../shared/errors.ts";
import type { Sql, Transaction } from "./database.ts";
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
 * Switches a row, in one transaction, if everything is still as it was when the work began. Locking the segment first, or
 * the open upload in parts that has it, makes switches of one segment take turns, and keeps them from waiting for a deletion
 * in a circle.
 * @throws SixfoldError `aborted` when something has changed meanwhile: then nothing has happened
 */
export async function switchChunk(sql: Sql, change: ChunkSwitch): Promise<void> {
  const { fileId, segment, before, after, writer, graceSeconds, setAside } = change;
  await sql.begin(async (tx) => {
    const { m, chunks, owner } = await lockSegment(tx, fileId, segment);
    const intents = await tx`DELETE FROM intents WHERE id = ${writer} RETURNING id`;
    const asked = await tx`
      DELETE FROM ${change.queue === "repairs" ? tx`repairs` : tx`moves`}
      WHERE file_id = ${fileId} AND segment = ${segment} AND index = ${after.index} AND claimed_by = ${writer}
      RETURNING index`;
    if (m === undefined || intents.length === 0 || asked.length === 0) throw overtaken();
    const [load] = await tx<{ count: number }[]>`
      SELECT count(*) FROM stored_chunks WHERE file_id = ${fileId} AND segment = ${segment} AND index <> ${after.index}
        AND server_id = ${after.serverId}`;
    if ((load?.count ?? 0) >= Math.max(1, m)) throw overtaken();
    const { index, chunkId, serverId, length, sha256 } = after;
    const switched = before === undefined
      ? await tx`
        INSERT INTO ${chunks} (${owner}, segment, index, chunk_id, server_id, length, sha256)
        VALUES (${fileId}, ${segment}, ${index}, ${chunkId}, ${serverId}, ${length}, decode(${sha256}, 'hex'))
        ON CONFLICT (${owner}, segment, index) DO NOTHING RETURNING NULL::uuid AS "serverId"`
      : await tx`
        UPDATE ${chunks} c SET chunk_id = ${chunkId}, server_id = ${serverId}, length = ${length},
          sha256 = decode(${sha256}, 'hex')
        FROM ${chunks} old
        WHERE c.${owner} = ${fileId} AND c.segment = ${segment} AND c.index = ${index} AND c.chunk_id = ${before}
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

/**
 * Locks a segment of a file, or of an open upload in parts: which of them it is cannot change then.
 * @returns its parity, undefined when it is gone; and the table of its chunks, with the column that says whose they are
 */
async function lockSegment(tx: Transaction, fileId: string, number: number) {
  const sessions = await tx`SELECT id FROM upload_sessions WHERE id = ${fileId} FOR UPDATE`;
  const isOpen = sessions.length > 0;
  const [found] = isOpen
    ? await tx<{ m: number }[]>`SELECT m FROM parts WHERE upload_id = ${fileId} AND segment = ${number}`
    : await tx<{ m: number }[]>`
      SELECT m FROM segments WHERE file_id = ${fileId} AND number = ${number} FOR NO KEY UPDATE`;
  return isOpen
    ? { m: found?.m, chunks: tx`part_chunks`, owner: tx`upload_id` }
    : { m: found?.m, chunks: tx`chunks`, owner: tx`file_id` };
}

function overtaken(): SixfoldError {
  return new SixfoldError("aborted", "the chunk was deleted, repaired or moved meanwhile");
}
