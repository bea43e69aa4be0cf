/** The parts of upload sessions: what has arrived, and how more is added. */
import { SixfoldError } from "../../shared/errors.ts";
import { endOf, type HashedTile } from "../../shared/tiling.ts";
import type { Sql, Transaction } from "./database.ts";
import type { Manifest, SegmentRow } from "./files.ts";
import { queueLacking } from "./repairs.ts";
import { lockSession, type SessionRow } from "./sessions.ts";
import { addGarbage, type StoredSegment, type StrayChunk } from "./uploads.ts";

/** A part that is there. */
export interface PartRow extends HashedTile {
  /** The number of its segment. */
  readonly segment: number;
}

/** A part whose bytes are durable in chunks, or are about to be so in PostgreSQL. */
export interface NewPart extends Omit<StoredSegment, "number"> {
  /** The number that was taken for its segment; undefined where it has no chunks. */
  readonly number: number | undefined;
  /** Null where the bytes are in chunks. */
  readonly bytes: Uint8Array | null;
}

/** Parts that begin at an offset or behind it, in order. */
export function listParts(sql: Sql | Transaction, id: string, from: number, limit: number | null): Promise<PartRow[]> {
  return sql<PartRow[]>`
    SELECT "offset", length, segment, sha256 FROM parts
    WHERE upload_id = ${id} AND "offset" >= ${from}::bigint ORDER BY "offset" LIMIT ${limit}::bigint`;
}

/** The part that covers an offset; or else the first one behind it; undefined when there is neither. */
export async function findPartFrom(sql: Sql, id: string, at: number): Promise<PartRow | undefined> {
  const rows = await sql<PartRow[]>`
    (SELECT "offset", length, segment, sha256 FROM parts
     WHERE upload_id = ${id} AND "offset" <= ${at}::bigint ORDER BY "offset" DESC LIMIT 1)
    UNION ALL
    (SELECT "offset", length, segment, sha256 FROM parts
     WHERE upload_id = ${id} AND "offset" > ${at}::bigint ORDER BY "offset" LIMIT 1)`;
  return rows.find((row) => endOf(row) > at);
}

/**
 * Adds parts to a session and puts off its end, all in one transaction. A part that is there already with the same bytes
 * stays, and the chunks of the new one are garbage. To be called again when its answer was lost: then it changes nothing.
 * @param strays chunks that belong to none of the parts
 * @returns the session as it was; undefined when it has ended, and nothing was changed
 * @throws SixfoldError `already_exists` when another one is in a part's way; `out_of_range` beyond the declared size
 */
export async function storeParts(
  sql: Sql,
  id: string,
  parts: readonly NewPart[],
  strays: readonly StrayChunk[],
  ttlSeconds: number,
): Promise<SessionRow | undefined> {
  return await sql.begin(async (tx) => {
    const session = await lockSession(tx, id);
    if (session === undefined) return undefined;
    const fresh: NewPart[] = [];
    const unneeded = [...strays];
    for (const part of parts) {
      if (endOf(part) > (session.size ?? Infinity)) throw beyondSize(endOf(part), session.size);
      const twin = await findTwin(tx, id, part);
      if (twin === undefined) fresh.push(part);
      else if (twin.segment !== part.number) unneeded.push(...strayChunks(part));
    }
    let { nextSegment } = session;
    for (const part of fresh) await insertPart(tx, id, part, part.number ?? nextSegment++);
    await addGarbage(tx, unneeded);
    await tx`
      UPDATE upload_sessions
      SET expires_at = now() + make_interval(secs => ${ttlSeconds}), next_segment = ${nextSegment},
          received = received + ${fresh.reduce((sum, { length }) => sum + length, 0)}, parts = parts + ${fresh.length}
      WHERE id = ${id}`;
    return session;
  });
}

/** The part with the same place and bytes. @throws SixfoldError `already_exists` when something else is in its place */
async function findTwin(tx: Transaction, id: string, part: NewPart): Promise<PartRow | undefined> {
  const [other] = await tx<PartRow[]>`
    SELECT "offset", length, segment, sha256 FROM parts
    WHERE upload_id = ${id} AND "offset" < ${endOf(part)}::bigint ORDER BY "offset" DESC LIMIT 1`;
  if (other === undefined || endOf(other) <= part.offset) return undefined;
  const same = other.offset === part.offset && other.length === part.length &&
    other.sha256.every((byte, i) => byte === part.sha256[i]);
  if (same) return other;
  throw inTheWay(other);
}

/** The answer to a part that begins or ends inside another one, or has other bytes: to send it again is of no use. */
export function inTheWay(there: PartRow): SixfoldError {
  const range = `bytes ${there.offset}-${endOf(there) - 1} are there as one part`;
  return new SixfoldError("already_exists", `${range}; send exactly these again, or go on from ${endOf(there)}`);
}

/** The answer to a part that the file has no room for: its size may have been declared while it was on its way. */
export function beyondSize(end: number, size: number | null): SixfoldError {
  return new SixfoldError("out_of_range", `the part ends at ${end}, and the declared size is ${size}`);
}

async function insertPart(tx: Transaction, id: string, part: NewPart, segment: number): Promise<void> {
  await tx`
    INSERT INTO parts (upload_id, "offset", length, segment, k, m, block_size, sha256, inline)
    VALUES (${id}, ${part.offset}, ${part.length}, ${segment}, ${part.k}, ${part.m}, ${part.blockSize}, ${part.sha256},
            ${part.bytes})`;
  if (part.chunks.length === 0) return;
  const rows = part.chunks.map(({ index, chunkId, serverId, length, sha256 }) => {
    return { index, chunk_id: chunkId, server_id: serverId, length, sha256 };
  });
  await tx`
    INSERT INTO part_chunks (upload_id, segment, index, chunk_id, server_id, length, sha256)
    SELECT ${id}, ${segment}, index, chunk_id, server_id, length, decode(sha256, 'hex')
    FROM jsonb_to_recordset(${tx.json(rows)})
      AS c (index int, chunk_id text, server_id uuid, length bigint, sha256 text)`;
  await queueLacking(tx, id, [segment], "not written in time");
}

function strayChunks({ chunks }: NewPart): StrayChunk[] {
  return chunks.map(({ chunkId, serverId }) => ({ chunkId, serverId, stored: true }));
}

/**
 * Gives up chunks that were written for parts. Those that a part names, or a file, stay: where the answer of `storeParts`
 * was lost, this says what became of it.
 * @returns whether none of them is named
 */
export async function abandonParts(sql: Sql, id: string, strays: readonly StrayChunk[]): Promise<boolean> {
  return await sql.begin(async (tx) => {
    // Waits for a transaction that still adds them.
    await tx`SELECT id FROM upload_sessions WHERE id = ${id} FOR UPDATE`;
    const named = await tx<{ chunkId: string }[]>`
      SELECT chunk_id AS "chunkId" FROM part_chunks WHERE chunk_id = ANY(${strays.map(({ chunkId }) => chunkId)})
      UNION ALL
      SELECT chunk_id FROM chunks WHERE chunk_id = ANY(${strays.map(({ chunkId }) => chunkId)})`;
    const kept = new Set(named.map(({ chunkId }) => chunkId));
    await addGarbage(tx, strays.filter(({ chunkId }) => !kept.has(chunkId)));
    return kept.size === 0;
  });
}

/** The segments of a session's parts with their chunks, for one who reads them before they are a file. */
export async function findPartSegments(sql: Sql, id: string): Promise<Manifest["segments"]> {
  return await sql<SegmentRow[]>`
    SELECT p.segment AS number, p."offset", p.length, p.k, p.m, p.block_size AS "blockSize",
           p.inline IS NOT NULL AS inline,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
               'index', c.index, 'chunkId', c.chunk_id, 'serverId', c.server_id, 'length', c.length,
               'sha256', encode(c.sha256, 'hex')) ORDER BY c.index), '[]'::jsonb)
             FROM part_chunks c WHERE c.upload_id = p.upload_id AND c.segment = p.segment) AS chunks
    FROM parts p WHERE p.upload_id = ${id} ORDER BY p."offset"`;
}
