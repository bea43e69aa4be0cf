/** Gives up uploads that nobody renews, and removes the bytes of deleted, replaced and abandoned files from the daemons. */
import { isUuid } from "../../shared/chunk_id.ts";
import type { Logger } from "../../shared/logger.ts";
import { sleep } from "../../shared/sleep.ts";
import type { ChunkClient } from "../core/chunk_client.ts";
import type { Cluster } from "../core/cluster.ts";
import type { Sql } from "../db/database.ts";
import { forgetGarbage, forgetOutcomes, takeGarbage } from "../db/garbage.ts";
import { abandonExpiredIntents } from "../db/uploads.ts";

const BATCH = 100;
/** A chunk that could not be removed, its server being away, is tried again after so many seconds. */
const TRY_SECONDS = 60;

/** What the cleanup needs. */
export interface CleanupParts {
  readonly sql: Sql;
  readonly cluster: Cluster;
  readonly client: ChunkClient;
  readonly log: Logger;
}

/** Cleans up every `everySeconds` until the signal aborts; a round begins only after the one before has ended. */
export async function runCleanup(parts: CleanupParts, everySeconds: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      while (await abandonExpiredIntents(parts.sql, BATCH) === BATCH && !signal.aborted);
      while (await removeBatch(parts, signal) === BATCH && !signal.aborted);
      await forgetOutcomes(parts.sql);
    } catch (error) {
      if (!signal.aborted) parts.log.warn("the cleanup is tried again later", { error });
    }
    await sleep(everySeconds * 1000, signal);
  }
}

async function removeBatch({ sql, cluster, client, log }: CleanupParts, signal: AbortSignal): Promise<number> {
  const batch = await takeGarbage(sql, BATCH, TRY_SECONDS);
  for (const stray of batch) {
    const server = cluster.now.servers.get(stray.serverId);
    if (server === undefined || signal.aborted) continue;
    try {
      const writer = isUuid(stray.chunkId) ? stray.chunkId : undefined;
      let chunks = writer === undefined ? [stray.chunkId] : await client.list(server, writer, signal);
      while (chunks.length > 0) {
        for (const chunkId of chunks) await client.remove(server, chunkId, signal);
        chunks = writer === undefined ? [] : await client.list(server, writer, signal);
      }
      await forgetGarbage(sql, stray);
    } catch (error) {
      log.debug("a chunk could not be removed yet", { chunkId: stray.chunkId, error });
    }
  }
  return batch.length;
}
