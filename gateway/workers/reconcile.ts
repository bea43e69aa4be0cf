/** Compares each disk with the database, slowly: what nothing accounts for is set aside, what is lost is repaired. */
import type { Logger } from "../../shared/logger.ts";
import { sleep } from "../../shared/sleep.ts";
import { hasChunk, listChunks, removeChunk } from "../core/hop/chunk_calls.ts";
import type { ChunkClient } from "../core/hop/chunk_client.ts";
import type { Cluster } from "../core/cluster/cluster.ts";
import { isReadable } from "../core/segments/repair_chunk.ts";
import type { Sql } from "../db/database.ts";
import {
  chunksBetween,
  damageOf,
  endReconciliation,
  findStrays,
  giveBackReconciliation,
  renewReconciliation,
  takeReconciliation,
} from "../db/reconciliation.ts";
import { queueRepairs } from "../db/repairs.ts";
import type { ServerRow } from "../db/servers.ts";
import type { Work } from "./runner.ts";

const LOOK_SECONDS = 10;
const LEASE_SECONDS = 120;
/** Between two pages, in ms: nobody waits for this, and it must not be felt. */
const PAUSE_MS = 50;
/** A pass that found more strays than the larger of these stops and asks. */
const MOST_STRAYS = 5;
const MOST_STRAYS_SHARE = 0.01;
/** Strays that one pass takes; more are left to the next. */
const MOST_TAKEN = 10_000;

/** What the comparison needs. */
export interface ReconcileParts {
  readonly sql: Sql;
  readonly cluster: Cluster;
  readonly client: ChunkClient;
  readonly log: Logger;
  /** How often each disk is compared. */
  readonly everySeconds: number;
}

/** The work of comparing; it counts servers. */
export function reconcile(parts: ReconcileParts): Work {
  const everySeconds = Math.min(LOOK_SECONDS, parts.everySeconds);
  return {
    name: "reconcile",
    everySeconds,
    async step(signal) {
      const snapshot = parts.cluster.now;
      const servers = [...snapshot.servers.keys()].filter((id) => isReadable(snapshot, id));
      const turn = await takeReconciliation(parts.sql, servers, LEASE_SECONDS);
      const server = turn && snapshot.servers.get(turn.serverId);
      if (server === undefined) return 0;
      let ended = false;
      try {
        ended = await compare(parts, server, turn?.allowed ?? false, signal);
      } finally {
        if (!ended) await giveBackReconciliation(parts.sql, server.id, everySeconds).catch(() => {}); // The lease ends.
      }
      return ended ? 1 : 0;
    },
  };
}

/**
 * Two rounds: first everything is counted, and only then, and only if it is little, something is set aside.
 * @returns whether it came to its end; not while the database is in doubt
 */
async function compare(
  { sql, client, log, everySeconds }: ReconcileParts,
  server: ServerRow,
  allowed: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const found = { listed: 0, strays: 0, lost: 0 };
  const strays: string[] = [];
  let after = "";
  for (let token = ""; !signal.aborted;) {
    const page = await listChunks(client, server, "", token, signal);
    const asked = await findStrays(sql, server.id, page.chunkIds);
    if (asked === undefined) return false;
    found.listed += page.chunkIds.length;
    found.strays += asked.strays.length;
    strays.push(...asked.strays.slice(0, MOST_TAKEN - strays.length));
    const last = page.nextPageToken === "" ? "" : page.chunkIds.at(-1) ?? "";
    found.lost += await findLost(sql, client, server, after, last, new Set(page.chunkIds), signal);
    if (page.nextPageToken === "") break;
    token = page.nextPageToken;
    after = last;
    await renewReconciliation(sql, server.id, LEASE_SECONDS);
    await sleep(PAUSE_MS, signal);
  }
  signal.throwIfAborted();
  // Asked again: whoever was about to commit has done so since, and what was garbage may be gone.
  const asked = await findStrays(sql, server.id, strays);
  if (asked === undefined) return false;
  const left = await onDisk(client, server, asked.strays, signal);
  found.strays -= strays.length - left.length;
  const halted = !allowed && found.strays > Math.max(MOST_STRAYS, MOST_STRAYS_SHARE * found.listed);
  if (halted) {
    log.error("a disk has too many chunks that the database does not know; nothing was touched: is it the right one?", {
      serverId: server.id,
      ...found,
    });
  } else {
    for (const chunkId of left) {
      signal.throwIfAborted();
      log.warn("a chunk that the database does not know is set aside", { serverId: server.id, chunkId });
      await removeChunk(client, server, chunkId, asked.mark, true, signal);
    }
  }
  await endReconciliation(sql, server.id, found, halted, everySeconds);
  return true;
}

/** Those of some chunks that are still there. */
async function onDisk(
  client: ChunkClient,
  server: ServerRow,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const there: string[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    if ((await listChunks(client, server, name, "", signal)).chunkIds.includes(name)) there.push(name);
  }
  return there;
}

/** Queues chunks for repair that rows name and the disk does not have. The disk is asked for each, to be sure. */
async function findLost(
  sql: Sql,
  client: ChunkClient,
  server: ServerRow,
  after: string,
  last: string,
  listed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<number> {
  const lost: string[] = [];
  for (const chunkId of await chunksBetween(sql, server.id, after, last)) {
    if (!listed.has(chunkId) && !(await hasChunk(client, server, chunkId, signal))) lost.push(chunkId);
  }
  if (lost.length > 0) await queueRepairs(sql, await damageOf(sql, lost, "its file is not on its server's disk"));
  return lost.length;
}
