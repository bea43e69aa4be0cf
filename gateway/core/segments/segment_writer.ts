/** Writes a segment: stripes from the body, parity, six chunks at once, until k of them at least are durable. */
import { createHash } from "node:crypto";
import type { Stripe } from "../../../shared/erasure.ts";
import { CHUNKS } from "../../../shared/layout.ts";
import { addSpan, annotate, inSpan, spanTime } from "../../../shared/telemetry.ts";
import type { StoredSegment } from "../../db/uploads.ts";
import type { BodyReader } from "./body_reader.ts";
import { type SegmentPlan, SegmentSender } from "./segment_sender.ts";

/**
 * Writes what is left of a body as one segment, or as much of it as comes before a chunk is lost: the segment is then
 * closed at its last whole stripe, and the rest belongs to a new one.
 * @param body has at least one byte
 * @param seen hears the bytes in order; throws to end the upload
 * @param seenSha256 where what `seen` has heard is this segment and its SHA-256 is computed anyway
 * @returns the segment; it may lack chunks
 * @throws SixfoldError when fewer than k chunks can be had
 */
export function writeSegment(
  plan: SegmentPlan,
  body: BodyReader,
  seen: (bytes: Uint8Array) => void,
  seenSha256: (() => Uint8Array) | undefined,
  caller: AbortSignal,
): Promise<StoredSegment> {
  const { number, pool: { layout, blockSize } } = plan;
  const attributes = {
    "sixfold.segment": number,
    "sixfold.layout": `${layout.k}+${layout.m}`,
    "sixfold.block_size": blockSize,
  };
  return inSpan("segment", attributes, () => write(plan, body, seen, seenSha256, caller));
}

async function write(
  plan: SegmentPlan,
  body: BodyReader,
  seen: (bytes: Uint8Array) => void,
  seenSha256: (() => Uint8Array) | undefined,
  caller: AbortSignal,
): Promise<StoredSegment> {
  const { pool, number, offset } = plan;
  const sender = new SegmentSender(plan, [...Array(CHUNKS).keys()], [], caller);
  const hash = createHash("sha256");
  let length = 0;
  let ended = false;
  const waits = { room: 0, memory: 0, body: 0 };
  const timed = async <T>(what: keyof typeof waits, wait: Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await wait;
    waits[what] += performance.now() - began;
    return result;
  };
  const parity = { from: 0, to: 0, busyMs: 0 };
  try {
    while (!ended && !(sender.lost && length > 0)) {
      await timed("room", sender.room());
      const stripe = await timed("memory", pool.take(sender.signal));
      const filled = await timed("body", fill(body, stripe, sender, pool));
      const bytes = stripe.data.subarray(0, filled);
      if (filled > 0 && sender.lost && length > 0) {
        body.unread(bytes.slice());
        pool.give(stripe);
        break;
      }
      ended = filled < stripe.data.length;
      if (filled === 0) {
        pool.give(stripe);
        break;
      }
      try {
        if (seenSha256 === undefined) hash.update(bytes);
        seen(bytes);
      } catch (error) {
        pool.give(stripe);
        throw error;
      }
      length += filled;
      const began = spanTime();
      parity.from ||= began;
      const blockLength = spread(stripe, filled);
      parity.to = spanTime();
      parity.busyMs += parity.to - began;
      sender.send(stripe, blockLength);
    }
    addSpan("parity", { "sixfold.busy_ms": parity.busyMs }, parity.from, parity.to);
    await sender.finish();
    annotate({
      "sixfold.bytes": length,
      "sixfold.wait.servers_ms": waits.room,
      "sixfold.wait.memory_ms": waits.memory,
      "sixfold.wait.client_ms": waits.body,
    });
    const chunks = [...sender.stored].sort((a, b) => a.index - b.index);
    const { k, m } = pool.layout;
    const sha256 = seenSha256?.() ?? new Uint8Array(hash.digest());
    return { number, offset, length, k, m, blockSize: pool.blockSize, inline: false, sha256, chunks };
  } finally {
    await sender.close();
  }
}

/** Fills a stripe; a body that fails, or a segment that has become hopeless meanwhile, gives it back. */
async function fill(body: BodyReader, stripe: Stripe, { signal }: SegmentSender, pool: SegmentPlan["pool"]) {
  try {
    const filled = await body.fill(stripe.data);
    signal.throwIfAborted();
    return filled;
  } catch (error) {
    pool.give(stripe);
    throw error;
  }
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
