/** Where things are and what depends on that, over RPC: messages in, core calls, messages out. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { SixfoldError } from "../../shared/errors.ts";
import type { GetRingRequest, LocateRequest, PreviewLossRequest } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { segmentPosition } from "../../shared/ring.ts";
import { serversAt } from "../core/cluster/cluster.ts";
import { checkBucket, keyBytes } from "../core/access/file_name.ts";
import { locateFile } from "../core/files/locate.ts";
import { previewLoss } from "../core/cluster/loss.ts";
import type { Store } from "../core/segments/store.ts";
import type { Upkeep } from "../core/cluster/upkeep.ts";
import { checkUuid } from "./check_uuid.ts";

const CHUNKS = 6;
const MOST_SERVERS = 1000;

/** The RPCs that tell where chunks are, or would be. */
export function placeRpcs(store: Store, upkeep: Upkeep) {
  return {
    async locate({ bucket, key }: LocateRequest) {
      const { manifest: { file, inline, segments }, chunks: found } = await locateFile(store, bucket, key);
      const chunks = found.map(({ length, sha256, verifiedAt, ...chunk }) => ({
        ...chunk,
        length: BigInt(length),
        sha256: Uint8Array.from(Buffer.from(sha256, "hex")),
        ...(verifiedAt === undefined ? {} : { verifiedAt: timestampFromMs(verifiedAt) }),
      }));
      const places = segments.filter(({ inline }) => !inline).map(({ number, offset, length, k, m }) => {
        return { segment: number, offset: BigInt(offset), length: BigInt(length), k, m };
      });
      return { fileId: file.id, inline: inline !== null, chunks, segments: places };
    },
    getRing({ bucket, key }: GetRingRequest) {
      const { ring, servers } = store.cluster.now;
      const shares = ring.shares().map(({ serverId, share, positions }) => ({ serverId, share, positions }));
      if (key === "") return { servers: shares };
      keyBytes(key);
      const keyPosition = segmentPosition(checkBucket(bucket), key, 0);
      return { servers: shares, keyPosition, keyServerIds: serversAt(ring, servers, keyPosition).slice(0, CHUNKS) };
    },
    async previewLoss({ serverIds }: PreviewLossRequest) {
      if (serverIds.length > MOST_SERVERS) {
        throw new SixfoldError("invalid_argument", `name at most ${MOST_SERVERS} servers`);
      }
      const found = await previewLoss(upkeep, serverIds.map(checkUuid));
      return {
        unreadable: BigInt(found.unreadable),
        unreadableBytes: BigInt(found.unreadableBytes),
        atRisk: BigInt(found.atRisk),
        atRiskBytes: BigInt(found.atRiskBytes),
        safe: BigInt(found.safe),
        safeBytes: BigInt(found.safeBytes),
      };
    },
  };
}
