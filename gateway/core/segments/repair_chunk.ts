/** Rebuilds one chunk of a segment from any k good blocks of each stripe, and puts it on a server. */
import { create, toBinary } from "@bufbuild/protobuf";
import { formatChunkId } from "../../../shared/chunk_id.ts";
import { Stripe } from "../../../shared/erasure.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import { ChunkLabelSchema } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { blockLength, stripeCount } from "../../../shared/layout.ts";
import { segmentPosition } from "../../../shared/ring.ts";
import type { ChunkRow } from "../../db/files.ts";
import type { FileSegment } from "../../db/segments.ts";
import type { StrayChunk } from "../../db/uploads.ts";
import type { ChunkToPut } from "../hop/chunk_client.ts";
import { serversAt, type Snapshot } from "../cluster/cluster.ts";
import { nextServer } from "../cluster/placement.ts";
import { SegmentReader } from "./segment_reader.ts";
import type { Store } from "./store.ts";
import type { Throttle } from "../cluster/throttle.ts";

/** What sends chunks in the background. */
export interface ChunkSender extends Pick<Store, "client" | "windows" | "cluster"> {
  readonly throttle: Throttle;
  /** The UUID of the repair or the move: it names the new chunk. */
  readonly writer: string;
  /** Receives every chunk that may exist, before its first byte is sent. */
  readonly strays: StrayChunk[];
  readonly signal: AbortSignal;
}

/** Whether a server can be read from now. */
export function isReadable(snapshot: Snapshot, serverId: string): boolean {
  const state = snapshot.servers.get(serverId)?.state;
  return state === "active" || state === "full" || state === "draining";
}

/**
 * Rebuilds a chunk onto the server that the ring says, or where that refuses onto the next one.
 * @returns the new chunk; undefined when no server can take it now
 * @throws SixfoldError `data_loss` when a stripe has too few good blocks, or when the result is not what was recorded
 */
export async function repairChunk(
  sender: ChunkSender,
  file: FileSegment,
  index: number,
): Promise<ChunkRow | undefined> {
  const { cluster, strays } = sender;
  const snapshot = cluster.now;
  const { segment } = file;
  const position = segmentPosition(file.bucket, new TextDecoder().decode(file.key), segment.number);
  const order = serversAt(snapshot.ring, snapshot.servers, position);
  const others = segment.chunks.filter((chunk) => chunk.index !== index).map(({ serverId }) => serverId);
  const refused = new Set<string>();
  for (;;) {
    const serverId = nextServer(order, others, refused, segment);
    const server = serverId === undefined ? undefined : snapshot.servers.get(serverId);
    if (serverId === undefined || server === undefined) return undefined;
    try {
      const blocks = rebuilt(sender, file, index);
      const chunk = await sendChunk(sender, file, index, server, blocks);
      const recorded = segment.chunks.find((known) => known.index === index);
      if (recorded !== undefined && recorded.sha256 !== chunk.sha256) {
        throw new SixfoldError("data_loss", "the rebuilt chunk is not what was recorded; look at the other chunks");
      }
      return chunk;
    } catch (thrown) {
      const error = SixfoldError.from(thrown);
      if (sender.signal.aborted || error.code === "data_loss") throw error;
      if (error.detail === "DISK_FULL") cluster.markFull(serverId);
      refused.add(serverId);
      if (refused.size >= order.length && strays.length > 0) throw error;
    }
  }
}

/**
 * Sends one chunk of a segment under the writer's name.
 * @param blocks its blocks; an error of theirs ends the call and is thrown as it is
 */
export async function sendChunk(
  { client, writer, strays, signal }: ChunkSender,
  file: FileSegment,
  index: number,
  server: Parameters<Store["client"]["put"]>[0],
  blocks: AsyncIterable<Uint8Array>,
): Promise<ChunkRow> {
  const { bucket, key, contentType, segment } = file;
  const { k, m, blockSize, number } = segment;
  const chunkId = formatChunkId({ writer, segment: number, index, attempt: strays.length });
  const stray = { chunkId, serverId: server.id, stored: false };
  const label = toBinary(
    ChunkLabelSchema,
    create(ChunkLabelSchema, { bucket, key: Uint8Array.from(key), contentType, segmentOffset: BigInt(segment.offset) }),
  );
  const chunk: ChunkToPut = { chunkId, uploadId: file.fileId, blockSize, dataChunks: k, parityChunks: m, label };
  const failed = new AbortController();
  const watched = async function* () {
    try {
      for await (const block of blocks) yield block as Uint8Array<ArrayBuffer>;
    } catch (error) {
      // The daemon waits for the next block: the call ends only when it is aborted.
      failed.abort(error);
      throw error;
    }
  };
  strays.push(stray);
  try {
    const receipt = await client.put(server, chunk, watched(), AbortSignal.any([signal, failed.signal]));
    stray.stored = true;
    return { index, chunkId, serverId: server.id, ...receipt };
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error;
  }
}

/** The blocks of a chunk as they must be. Good blocks of a damaged chunk are of use like those of any other. */
async function* rebuilt(sender: ChunkSender, file: FileSegment, index: number): AsyncGenerator<Uint8Array> {
  const { client, windows, cluster, throttle, signal } = sender;
  const snapshot = cluster.now;
  const chunks = file.segment.chunks.filter(({ serverId }) => isReadable(snapshot, serverId));
  const segment = { ...file.segment, chunks };
  const { k, blockSize, length } = segment;
  const total = stripeCount(length, segment, blockSize);
  const longest = blockLength(length, segment, blockSize, 0);
  const stripe = index < k ? undefined : new Stripe(segment, Math.ceil(longest / 16) * 16);
  const reader = new SegmentReader({ client, snapshot }, file.fileId, segment, signal);
  const read = async (number: number) => {
    const room = await windows.take(blockSize, signal);
    try {
      const blocks = await reader.window(number, 1, (chunk) => [room.rooms[chunk] ?? new Uint8Array(0)]);
      return { room, blocks };
    } catch (error) {
      windows.give(room);
      throw error;
    }
  };
  // The next stripe is read while this one is sent: neither the servers that give nor the one that takes stand still.
  let next: ReturnType<typeof read> | undefined;
  try {
    for (let number = 0; number < total; number++) {
      const { room, blocks } = await (next ?? read(number));
      next = number + 1 < total ? read(number + 1) : undefined;
      next?.catch(() => {});
      try {
        const bytes = blockLength(length, segment, blockSize, number);
        await throttle.take(bytes, signal);
        if (stripe !== undefined) {
          for (let data = 0; data < k; data++) stripe.blocks[data]?.set(blocks[data]?.[0] ?? []);
          stripe.encode(bytes);
        }
        const block = stripe === undefined ? blocks[index]?.[0] : stripe.blocks[index]?.subarray(0, bytes);
        if (block === undefined) {
          throw new SixfoldError("data_loss", "too few good chunks are left to rebuild this one");
        }
        yield block;
      } finally {
        windows.give(room);
      }
    }
  } finally {
    await next?.then(({ room }) => windows.give(room), () => {});
  }
}
