/** Rebalance, drain and removal over RPC: messages in, core calls, messages out. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { newUuid } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import type {
  CancelDrainRequest,
  DrainServerRequest,
  PauseMovesRequest,
  PlanChangeRequest,
  RemoveServerRequest,
  ResumeMovesRequest,
  StopMovesRequest,
} from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import {
  changeState,
  endDrain,
  previewChange,
  readChanges,
  rebalance,
  startDrain,
  takeOff,
  type Upkeep,
} from "../core/cluster/upkeep.ts";
import { checkUuid } from "./check_uuid.ts";

const MOST_WEIGHT = 100;

/** The RPCs that change the cluster. */
export function changeRpcs(upkeep: Upkeep) {
  return {
    async planChange({ change }: PlanChangeRequest) {
      const preview = change.case === "drainServerId"
        ? { drain: checkUuid(change.value) }
        : change.case === "addWeight"
        ? { addWeight: checkWeight(change.value) }
        : "rebalance";
      const { chunks, bytes, chunksSeen, bytesSeen, hottestDisk, exact } = await previewChange(upkeep, preview);
      const { limit } = upkeep.moving;
      return {
        chunks: BigInt(chunks),
        bytes: BigInt(bytes),
        chunksSeen: BigInt(chunksSeen),
        bytesSeen: BigInt(bytesSeen),
        hottestDisk,
        exact,
        seconds: BigInt(limit === 0 ? 0 : Math.ceil(bytes / limit)),
      };
    },
    startRebalance: async () => ({ changeId: await rebalance(upkeep, newUuid()) }),
    drainServer: async ({ serverId }: DrainServerRequest) => {
      return { changeId: await startDrain(upkeep, checkUuid(serverId)) };
    },
    async cancelDrain({ serverId }: CancelDrainRequest) {
      await endDrain(upkeep, checkUuid(serverId));
      return {};
    },
    async removeServer({ serverId, confirmation }: RemoveServerRequest) {
      await takeOff(upkeep, checkUuid(serverId), confirmation);
      return {};
    },
    async getMoves() {
      const changes = await readChanges(upkeep);
      const left = changes.filter(({ state }) => state === "running").reduce(
        (sum, { bytesLeft }) => sum + bytesLeft,
        0,
      );
      const rate = Math.round(upkeep.moving.rate);
      return {
        bytesPerSecond: BigInt(rate),
        secondsLeft: BigInt(rate === 0 ? 0 : Math.ceil(left / rate)),
        changes: changes.map((change) => ({
          id: change.id,
          serverId: change.serverId ?? "",
          state: change.state,
          startedAt: timestampFromDate(change.startedAt),
          ...(change.endedAt === null ? {} : { endedAt: timestampFromDate(change.endedAt) }),
          chunksDone: BigInt(change.chunksDone),
          bytesDone: BigInt(change.bytesDone),
          chunksLeft: BigInt(change.chunksLeft),
          bytesLeft: BigInt(change.bytesLeft),
          planned: change.planned,
          problem: change.problem ?? "",
          safeToRemove: change.serverId !== null && change.holds === undefined,
          holds: change.holds ?? "",
        })),
      };
    },
    pauseMoves: ({ changeId }: PauseMovesRequest) => change(upkeep, changeId, ["running"], "paused"),
    resumeMoves: ({ changeId }: ResumeMovesRequest) => change(upkeep, changeId, ["paused"], "running"),
    stopMoves: ({ changeId }: StopMovesRequest) => change(upkeep, changeId, ["running", "paused"], "stopped"),
  };
}

function checkWeight(weight: number): number {
  if (weight > 0 && weight <= MOST_WEIGHT) return weight;
  throw new SixfoldError("invalid_argument", `a weight is more than 0 and at most ${MOST_WEIGHT}`);
}

async function change(upkeep: Upkeep, id: string, from: readonly string[], to: "running" | "paused" | "stopped") {
  if (await changeState(upkeep, checkUuid(id), from, to)) return {};
  throw new SixfoldError("failed_precondition", `there is no such change that is ${from.join(" or ")}`);
}
