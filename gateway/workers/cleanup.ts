/** Removes the bytes of deleted, replaced and abandoned files from the daemons once their grace time is over. */
import type { Logger } from "../../shared/logger.ts";
import { sleep } from "../../shared/sleep.ts";
import type { ChunkClient } from "../core/chunk_client.ts";
import type { Cluster } from "../core/cluster.ts";
import type { Sql } from "../db/database.ts";
import { forgetGarbage, forgetOutcomes, takeGarbage } from "../db/garbage.ts";

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
      await client.remove(server, stray.chunkId, signal);
      await forgetGarbage(sql, stray);
    } catch (error) {
      log.debug("a chunk could not be removed yet", { chunkId: stray.chunkId, error });
    }
  }
  return batch.length;
}
