/** Gives up uploads that nobody renews, and removes the bytes of deleted, replaced and abandoned files from the daemons. */
import { isChunkId } from "../../shared/chunk_id.ts";
import type { Logger } from "../../shared/logger.ts";
import { inTrace } from "../../shared/telemetry.ts";
import { listChunks, removeChunk } from "../core/hop/chunk_calls.ts";
import type { ChunkClient } from "../core/hop/chunk_client.ts";
import type { Cluster } from "../core/cluster/cluster.ts";
import type { Sql } from "../db/database.ts";
import { forgetDeleted } from "../db/deleted_files.ts";
import { forgetGarbage, forgetOutcomes, namedChunks, takeGarbage, type TakenGarbage } from "../db/garbage.ts";
import type { ServerRow } from "../db/servers.ts";
import { abandonExpiredSessions } from "../db/sessions.ts";
import { abandonExpiredIntents } from "../db/uploads.ts";
import type { Work } from "./runner.ts";

const BATCH = 200;
/** A chunk that could not be removed is tried again after so many seconds. */
const TRY_SECONDS = 20;

/** What the cleanup needs. */
export interface CleanupParts {
  readonly sql: Sql;
  readonly cluster: Cluster;
  readonly client: ChunkClient;
  readonly log: Logger;
}

/** The work of cleaning up; it counts uploads that were given up and pieces of garbage that are gone. */
export function cleanup(parts: CleanupParts, everySeconds: number): Work {
  return {
    name: "cleanup",
    everySeconds,
    async step(signal) {
      const abandoned = await abandonExpiredIntents(parts.sql, BATCH) + await abandonExpiredSessions(parts.sql, BATCH);
      const removed = await removeBatch(parts, signal);
      if (abandoned + removed === 0) {
        await forgetOutcomes(parts.sql);
        await forgetDeleted(parts.sql);
      }
      return abandoned + removed;
    },
  };
}

/** Only servers that answer are asked: garbage of the others waits for them and holds up nothing. */
async function removeBatch(parts: CleanupParts, signal: AbortSignal): Promise<number> {
  const servers = [...parts.cluster.now.servers.values()].filter(({ state }) =>
    state === "active" || state === "full" || state === "draining"
  );
  const batch = await takeGarbage(parts.sql, servers.map(({ id }) => id), BATCH, TRY_SECONDS);
  if (batch.length === 0) return 0;
  const removed = await inTrace(
    "cleanup",
    { kind: "internal", attributes: { "sixfold.garbage": batch.length } },
    () =>
      Promise.all(servers.map((server) => {
        return removeFrom(parts, server, batch.filter(({ serverId }) => serverId === server.id), signal);
      })),
  );
  return removed.reduce((sum, count) => sum + count, 0);
}

async function removeFrom(
  { sql, client, log }: CleanupParts,
  server: ServerRow,
  batch: readonly TakenGarbage[],
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (const taken of batch) {
    const { chunkId } = taken;
    if (signal.aborted) break;
    try {
      if (isChunkId(chunkId)) await removeUnnamed(sql, client, server, taken, [chunkId], signal);
      else {
        // A writer, or a segment of one: all that the server has of it, a page at a time.
        const list = async () => (await listChunks(client, server, chunkId, "", signal)).chunkIds;
        for (let found = await list(); found.length > 0;) {
          const gone = await removeUnnamed(sql, client, server, taken, found, signal);
          found = gone > 0 ? await list() : [];
        }
      }
      await forgetGarbage(sql, { chunkId, serverId: server.id });
      removed++;
    } catch (error) {
      // The rest of this server's waits too: what could not be asked for now is due again in a while.
      log.debug("a chunk could not be removed yet", { chunkId, serverId: server.id, error });
      break;
    }
  }
  return removed;
}

/**
 * Removes chunks that no file names. What was taken from the garbage is never named again, with one exception: a repair
 * or a move leaves a second look at its own chunk behind, since the file may have been deleted by a statement that still
 * saw the chunk before. Here that look is taken.
 */
async function removeUnnamed(
  sql: Sql,
  client: ChunkClient,
  server: ServerRow,
  taken: TakenGarbage,
  chunkIds: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const named = await namedChunks(sql, chunkIds);
  const gone = chunkIds.filter((chunkId) => !named.has(chunkId));
  for (const chunkId of gone) await removeChunk(client, server, chunkId, taken, taken.setAside, signal);
  return gone.length;
}
