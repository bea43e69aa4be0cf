/** Writes a segment: stripes from the body, parity, six chunks at once, until enough of them are durable. */
import { createHash, type Hash } from "node:crypto";
import { formatChunkId } from "../../shared/chunk_id.ts";
import type { Stripe } from "../../shared/erasure.ts";
import { SixfoldError } from "../../shared/errors.ts";
import { CHUNKS } from "../../shared/layout.ts";
import type { ServerRow } from "../db/servers.ts";
import type { StoredChunk, StoredSegment, StrayChunk } from "../db/uploads.ts";
import type { BodyReader } from "./body_reader.ts";
import type { ChunkClient } from "./chunk_client.ts";
import { ChunkStream, SharedStripe } from "./chunk_stream.ts";
import { isDurable } from "./placement.ts";
import type { StripePool } from "./stripe_pool.ts";

/** Once the rule holds, the other chunks get so many ms more. */
const LAST_CHUNKS_MS = 250;

/** What a segment needs. */
export interface SegmentPlan {
  readonly uploadId: string;
  readonly number: number;
  /** The server of each chunk, by id. */
  readonly placed: readonly string[];
  /** Every server that takes new chunks, in the order of the ring. */
  readonly usable: readonly ServerRow[];
  readonly label: Uint8Array<ArrayBuffer>;
  readonly client: ChunkClient;
  readonly pool: StripePool;
  /** Hears how many bytes came; throws to end the upload. */
  readonly count: (bytes: number) => void;
  /** The running SHA-256 of the file. */
  readonly fileHash: Hash;
}

/**
 * Writes all that is left of a body as one segment.
 * @param strays receives every chunk that may exist, stored or not, before its first byte is sent
 * @throws SixfoldError when the commit rule cannot be met any more
 */
export async function writeSegment(
  plan: SegmentPlan,
  body: BodyReader,
  strays: StrayChunk[],
  caller: AbortSignal,
): Promise<StoredSegment> {
  const { layout, blockSize } = plan.pool;
  const failed = new AbortController();
  const signal = AbortSignal.any([caller, failed.signal]);
  const hash = createHash("sha256");
  const stored: StoredChunk[] = [];
  const errors: SixfoldError[] = [];
  const streams = Array.from({ length: CHUNKS }, (_, index) => new ChunkStream(index));
  const holders = [...plan.placed];
  const hopeful = () => streams.filter(({ alive }) => alive).map(({ index }) => holders[index] ?? "");
  const refused = new Set<string>();
  const put = async (stream: ChunkStream, attempt: number): Promise<void> => {
    const { index } = stream;
    const server = plan.usable.find(({ id }) => id === holders[index]);
    if (server === undefined) throw new SixfoldError("unavailable", "a storage server has left; try again");
    const chunkId = formatChunkId({ writer: plan.uploadId, segment: plan.number, index, attempt });
    strays.push({ chunkId, serverId: server.id });
    const { uploadId, label } = plan;
    const chunk = { chunkId, uploadId, blockSize, dataChunks: layout.k, parityChunks: layout.m, label };
    try {
      const { length, sha256 } = await plan.client.put(server, chunk, stream.blocks(), signal);
      stored.push({ index, chunkId, serverId: server.id, length, sha256 });
    } catch (error) {
      errors.push(SixfoldError.from(error));
      refused.add(server.id);
      const next = stream.whole && !signal.aborted ? substitute(plan, holders, refused, layout.m) : undefined;
      if (next !== undefined) {
        holders[index] = next;
        return await put(stream, attempt + 1);
      }
      stream.drop();
      if (!isDurable(hopeful(), layout)) failed.abort(worst(errors));
    }
  };
  const puts = streams.map((stream) => put(stream, 0));
  try {
    let length = 0;
    for (;;) {
      const stripe = await plan.pool.take(signal);
      const filled = await body.fill(stripe.data).catch((error) => {
        plan.pool.give(stripe);
        throw error;
      });
      if (filled > 0) {
        const bytes = stripe.data.subarray(0, filled);
        hash.update(bytes);
        plan.fileHash.update(bytes);
        plan.count(filled);
        length += filled;
        send(stripe, spread(stripe, filled), streams, plan.pool);
      } else plan.pool.give(stripe);
      signal.throwIfAborted();
      if (filled < stripe.data.length) break;
    }
    for (const stream of streams) stream.end();
    await settle(puts, () => isDurable(stored.map(({ serverId }) => serverId), layout), signal);
    const chunks = [...stored].sort((a, b) => a.index - b.index);
    const { k, m } = layout;
    const sha256 = new Uint8Array(hash.digest());
    return { number: plan.number, offset: 0, length, k, m, blockSize, sha256, chunks };
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error;
  } finally {
    failed.abort(new SixfoldError("canceled", "the upload is over"));
    for (const stream of streams) stream.drop();
    await Promise.all(puts);
  }
}

/** The next server on the ring that has refused nothing and has room under the layout: at most m chunks of a segment. */
function substitute(
  plan: SegmentPlan,
  holders: readonly string[],
  refused: ReadonlySet<string>,
  m: number,
): string | undefined {
  const load = (id: string) => holders.filter((holder) => holder === id).length;
  const fit = plan.usable.filter(({ id }) => !refused.has(id) && load(id) < Math.max(1, m));
  return fit.sort((a, b) => load(a.id) - load(b.id))[0]?.id;
}

/** Lays what is left equally over the k blocks of the last stripe, zero-padded. @returns the length of each block */
function spread(stripe: Stripe, filled: number): number {
  const { k } = stripe.layout;
  const length = Math.ceil(filled / k);
  if (filled < stripe.data.length) {
    // From the last block to the first: each moves to where no block before it has its bytes.
    for (let index = k - 1; index >= 0; index--) {
      const from = Math.min(index * length, filled);
      const to = Math.min(from + length, filled);
      const at = index * (stripe.data.length / k);
      stripe.data.copyWithin(at, from, to);
      stripe.data.fill(0, at + to - from, at + length);
    }
  }
  stripe.encode(length);
  return length;
}

function send(stripe: Stripe, length: number, streams: readonly ChunkStream[], pool: StripePool): void {
  const takers = streams.filter(({ alive }) => alive);
  const shared = new SharedStripe(stripe, length, takers.length, () => pool.give(stripe));
  for (const stream of takers) stream.push(shared);
}

/** Waits until all chunks are stored or failed; from the moment that the rule holds, only a little longer. */
async function settle(puts: readonly Promise<void>[], enough: () => boolean, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    for (const put of puts) {
      put.then(() => {
        if (enough()) timer ??= setTimeout(resolve, LAST_CHUNKS_MS);
      });
    }
  });
  await Promise.race([Promise.all(puts), late]);
  clearTimeout(timer);
  signal.throwIfAborted();
  if (!enough()) throw new SixfoldError("unavailable", "too few storage servers kept the file; try again");
}

/** A full disk is told before anything else: it is what a person can mend. */
function worst(errors: readonly SixfoldError[]): SixfoldError {
  return errors.find(({ detail }) => detail === "DISK_FULL") ?? errors[0] ??
    new SixfoldError("unavailable", "too few storage servers answer; try again");
}
