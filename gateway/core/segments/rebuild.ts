/** Rebuilds the chunks that a segment lacks from the others, stripe by stripe, onto servers that have room for them. */
import { SixfoldError } from "../../../shared/errors.ts";
import { blockLength, CHUNKS, stripeCount } from "../../../shared/layout.ts";
import type { StoredSegment } from "../../db/uploads.ts";
import { roomBytes } from "../hop/window_frames.ts";
import { isDurable } from "../cluster/placement.ts";
import { SegmentReader } from "./segment_reader.ts";
import { type SegmentPlan, SegmentSender } from "./segment_sender.ts";

/**
 * Makes a segment durable that has k chunks or more, but not enough for the commit rule.
 * @returns the segment with what could be rebuilt
 * @throws SixfoldError `unavailable` when the rule cannot be met
 */
export async function rebuildSegment(
  plan: SegmentPlan,
  segment: StoredSegment,
  caller: AbortSignal,
): Promise<StoredSegment> {
  const { pool, client, snapshot, uploadId } = plan;
  const { length, blockSize, chunks } = segment;
  const missing = [...Array(CHUNKS).keys()].filter((index) => !chunks.some((chunk) => chunk.index === index));
  const rooms: Uint8Array[] = [];
  const memory = (index: number) => [rooms[index] ??= new Uint8Array(roomBytes(blockSize))];
  const sender = new SegmentSender(plan, missing, chunks, caller);
  const reader = new SegmentReader({ client, snapshot }, uploadId, segment, sender.signal);
  try {
    for (let number = 0; number < stripeCount(length, segment, blockSize); number++) {
      await sender.room();
      const blocks = await reader.window(number, 1, memory);
      const stripe = await pool.take(sender.signal);
      for (let index = 0; index < segment.k; index++) stripe.blocks[index]?.set(blocks[index]?.[0] ?? []);
      const bytes = blockLength(length, segment, blockSize, number);
      stripe.encode(bytes);
      sender.send(stripe, bytes);
    }
    await sender.finish();
    if (!isDurable(sender.stored.map(({ serverId }) => serverId), segment)) {
      throw new SixfoldError("unavailable", "too few storage servers kept the file; try again");
    }
    return { ...segment, chunks: [...sender.stored].sort((a, b) => a.index - b.index) };
  } finally {
    await sender.close();
  }
}
