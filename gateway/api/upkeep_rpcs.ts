/** Repairs, comparisons with the disks and the trust in the database over RPC: messages in, core calls, messages out. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { SixfoldError } from "../../shared/errors.ts";
import type {
  AllowReconciliationRequest,
  ListRepairsRequest,
  RetryRepairRequest,
} from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import {
  allow,
  confirm,
  pageOfRepairs,
  reconciliations,
  repairState,
  retryRepairs,
} from "../core/cluster/repair_state.ts";
import type { Upkeep } from "../core/cluster/upkeep.ts";
import { checkUuid } from "./check_uuid.ts";

/** The RPCs that tell how the cluster mends itself. */
export function upkeepRpcs(upkeep: Upkeep) {
  return {
    async getRepairs() {
      const { queued, running, waiting, parked, bytesLeft } = await repairState(upkeep);
      const rate = Math.round(upkeep.repairing.rate);
      return {
        queued: BigInt(queued),
        running: BigInt(running),
        waiting: BigInt(waiting),
        parked: BigInt(parked),
        bytesLeft: BigInt(bytesLeft),
        bytesDone: BigInt(upkeep.repairing.total),
        bytesPerSecond: BigInt(rate),
        secondsLeft: BigInt(rate === 0 ? 0 : Math.ceil(bytesLeft / rate)),
      };
    },
    async listRepairs({ pageToken, limit }: ListRepairsRequest) {
      const { repairs, next } = await pageOfRepairs(upkeep, pageToken, limit);
      const decoder = new TextDecoder();
      return {
        repairs: repairs.map(({ key, problem, queuedAt, spare: _spare, ...repair }) => ({
          ...repair,
          key: decoder.decode(key),
          problem: problem ?? "",
          queuedAt: timestampFromDate(queuedAt),
        })),
        nextPageToken: next,
      };
    },
    async retryRepair({ fileId, segment, index }: RetryRepairRequest) {
      const which = fileId === "" ? "parked" as const : { fileId: checkUuid(fileId), segment, index };
      return { count: BigInt(await retryRepairs(upkeep, which)) };
    },
    async listReconciliations() {
      const { rows, generation, doubt } = await reconciliations(upkeep);
      return {
        generation: BigInt(generation),
        doubt: doubt ?? "",
        reconciliations: rows.map(({ serverId, state, listed, strays, lost, endedAt }) => ({
          serverId,
          state,
          listed: BigInt(listed),
          strays: BigInt(strays),
          lost: BigInt(lost),
          ...(endedAt === null ? {} : { endedAt: timestampFromDate(endedAt) }),
        })),
      };
    },
    async allowReconciliation({ serverId }: AllowReconciliationRequest) {
      if (await allow(upkeep, checkUuid(serverId))) return {};
      throw new SixfoldError("failed_precondition", "no comparison of this server's disk has stopped");
    },
    listWork() {
      return {
        work: upkeep.work().map(({ name, running, lastStart, lastEnd, lastError, failures, done }) => ({
          name,
          state: running > 0 ? "running" : failures > 0 ? "failing" : "waiting",
          ...(lastStart === undefined ? {} : { lastStart: timestampFromDate(lastStart) }),
          ...(lastEnd === undefined ? {} : { lastEnd: timestampFromDate(lastEnd) }),
          lastError: lastError ?? "",
          failures,
          done: BigInt(done),
        })),
      };
    },
    confirmDatabase: async () => ({ generation: BigInt(await confirm(upkeep)) }),
  };
}
