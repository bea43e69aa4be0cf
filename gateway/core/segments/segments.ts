/** Writes a body as segments of six chunks: one, or several where servers are lost on the way. */
import { create, toBinary } from "@bufbuild/protobuf";
import { diskFull, SixfoldError } from "../../../shared/errors.ts";
import { ChunkLabelSchema } from "../../../shared/gen/sixfold/v1/storage_pb.ts";
import { CHUNKS } from "../../../shared/layout.ts";
import { segmentPosition } from "../../../shared/ring.ts";
import { addSpan, inSpan, spanTime } from "../../../shared/telemetry.ts";
import type { StoredSegment, StrayChunk } from "../../db/uploads.ts";
import type { BodyReader } from "./body_reader.ts";
import { serversAt } from "../cluster/cluster.ts";
import { keyBytes } from "../access/file_name.ts";
import { lacksRoom } from "./lacks_room.ts";
import { isDurable, isEnough, placeChunks } from "../cluster/placement.ts";
import { rebuildSegment } from "./rebuild.ts";
import type { SegmentPlan } from "./segment_sender.ts";
import { writeSegment } from "./segment_writer.ts";
import type { Store } from "./store.ts";

/** Whose bytes are written, and what hears of them. */
export interface SegmentTarget {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  /** The place of the body's first byte in the file. */
  readonly offset: number;
  /** The number of the next segment: never the same twice for an upload, it names chunks. */
  readonly nextNumber: () => Promise<number>;
  /** Receives every chunk that may exist, before its first byte is sent. */
  readonly strays: StrayChunk[];
  /** Receives each segment once it is durable by the commit rule. */
  readonly segments: StoredSegment[];
  /** Hears the bytes in order; throws to end the upload. */
  readonly seen: (bytes: Uint8Array) => void;
  /** SHA-256 of all that was seen, where it is computed anyway: the first segment then needs no hash of its own. */
  readonly seenSha256?: () => Uint8Array;
}

/**
 * Writes what is left of a body. The caller has a turn of the pool's uploads.
 * @throws SixfoldError when that cannot be made durable; the segments before are
 */
export async function writeSegments(
  store: Store,
  target: SegmentTarget,
  body: BodyReader,
  signal: AbortSignal,
): Promise<void> {
  const { client, pool, cluster } = store;
  const { uploadId, bucket, key, contentType, strays, segments, seen, seenSha256 } = target;
  const failed = new Map<string, SixfoldError>();
  const onFailure = (serverId: string, error: SixfoldError) => {
    failed.set(serverId, error);
    if (error.detail === "DISK_FULL" || error.detail === "DISK_ERROR") cluster.markFull(serverId);
  };
  const plan = (number: number, offset: number): SegmentPlan => {
    const began = spanTime();
    const snapshot = cluster.now;
    const { layout } = pool;
    const order = serversAt(snapshot.ring, snapshot.servers, segmentPosition(bucket, key, number));
    const isTrusted = (id: string) => {
      const server = snapshot.servers.get(id);
      return server !== undefined && client.suspicion.trusts(server);
    };
    const good = order.filter((id) => !failed.has(id) && isTrusted(id));
    const desperate = !isEnough(good.length, layout);
    const usable = !desperate ? good : [...good, ...order.filter((id) => !good.includes(id))];
    const placed = placeChunks(usable.slice(0, CHUNKS), layout);
    addSpan("placement", { "sixfold.servers": usable.length, "sixfold.desperate": desperate }, began, spanTime());
    const segmentOffset = BigInt(offset);
    const label = toBinary(
      ChunkLabelSchema,
      create(ChunkLabelSchema, { bucket, key: keyBytes(key), contentType, segmentOffset }),
    );
    return { uploadId, number, offset, placed, usable, snapshot, label, client, pool, strays, onFailure, desperate };
  };
  try {
    for (let offset = target.offset; !(await body.atEnd());) {
      const number = await target.nextNumber();
      const whole = segments.length === 0 ? seenSha256 : undefined;
      let segment = await writeSegment(plan(number, offset), body, seen, whole, signal);
      if (!isDurable(segment.chunks.map(({ serverId }) => serverId), segment)) {
        const short = segment;
        segment = await inSpan("rebuild", {}, () => rebuildSegment(plan(number, offset), short, signal));
      }
      segments.push(segment);
      offset += segment.length;
    }
  } catch (error) {
    // A full disk is told before anything else: it is what a person can mend.
    const isUnavailable = SixfoldError.from(error).code === "unavailable";
    throw isUnavailable && lacksRoom(cluster.now.servers.values(), failed, pool.layout) ? diskFull(error) : error;
  }
}
