/** Every chunk that PostgreSQL names, re-read by the daemon that keeps it: redundancy must not hide what one of them lost. */
import { createClient } from "@connectrpc/connect";
import { StorageService } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport } from "../../shared/rpc.ts";
import { TOKEN } from "../local_cluster.ts";
import { each } from "./each.ts";
import type { Stage } from "./stage.ts";

/** @returns how many chunks were looked at, and what is wrong with which */
export async function auditChunks({ ledger, daemons }: Stage): Promise<{ count: number; wrong: string[] }> {
  const wrong: string[] = [];
  const options = { headers: { authorization: `Bearer ${TOKEN}` }, timeoutMs: 10_000 };
  const clients = new Map(daemons.map(({ serverId, daemon }) => {
    return [serverId, createClient(StorageService, fetchTransport(`http://${daemon.http}`))];
  }));
  const chunks = await ledger.chunks();
  await each(chunks, 8, async ({ chunkId, serverId }) => {
    try {
      const { intact } = await clients.get(serverId)?.verifyChunk({ chunkId }, options) ?? { intact: false };
      if (!intact) wrong.push(`${chunkId}: damaged`);
    } catch (error) {
      wrong.push(`${chunkId}: ${error instanceof Error ? error.message : error}`);
    }
  });
  return { count: chunks.length, wrong };
}
