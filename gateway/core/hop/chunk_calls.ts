/** The small calls to a daemon, for work behind the requests. */
import { SixfoldError } from "../../../shared/errors.ts";
import type { ListChunksResponse } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import type { DatabaseMark } from "../../db/reconciliation.ts";
import type { ServerRow } from "../../db/servers.ts";
import type { ChunkClient } from "./chunk_client.ts";

/**
 * Removes a chunk; what is not there is success.
 * @param mark the state of the database that says so
 * @param setAside whether the daemon keeps it in quarantine for a while
 * @throws SixfoldError `failed_precondition` when the daemon knows a newer database
 */
export async function removeChunk(
  client: ChunkClient,
  server: ServerRow,
  chunkId: string,
  { generation, beat }: DatabaseMark,
  setAside: boolean,
  signal: AbortSignal,
): Promise<void> {
  const database = { generation: BigInt(generation), beat: BigInt(beat) };
  await client.call(server, signal, (rpc, options) => rpc.deleteChunk({ chunkId, database, setAside }, options));
}

/** Whether a server has a chunk that can be opened. */
export async function hasChunk(
  client: ChunkClient,
  server: ServerRow,
  chunkId: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.call(server, signal, (rpc, options) => rpc.statChunk({ chunkId }, options));
    return true;
  } catch (thrown) {
    const error = SixfoldError.from(thrown);
    if (error.code === "not_found" || error.code === "data_loss") return false;
    throw error;
  }
}

/**
 * A page of chunks that a server keeps, at most 1,000, in the order of its disk.
 * @param prefix how their names begin; empty for all
 * @param pageToken of the page before, or empty
 */
export async function listChunks(
  client: ChunkClient,
  server: ServerRow,
  prefix: string,
  pageToken: string,
  signal: AbortSignal,
): Promise<ListChunksResponse> {
  return await client.call(server, signal, (rpc, options) => rpc.listChunks({ prefix, pageToken }, options));
}
