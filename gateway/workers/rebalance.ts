/** Moves chunks to where they should lie, as operators have asked: plans page by page, then copies, checks and switches. */
import { newUuid } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { inTrace } from "../../shared/telemetry.ts";
import { segmentPosition } from "../../shared/ring.ts";
import { holdIntent } from "../core/files/held_intent.ts";
import { moveChunk } from "../core/segments/move_chunk.ts";
import { memberRing, planSegment } from "../core/cluster/rebalance_plan.ts";
import { serversAt } from "../core/cluster/cluster.ts";
import { isReadable } from "../core/segments/repair_chunk.ts";
import type { Store } from "../core/segments/store.ts";
import type { Throttle } from "../core/cluster/throttle.ts";
import { switchChunk } from "../db/chunk_switch.ts";
import { rebalanceAfterJoin } from "../db/changes.ts";
import {
  type ClaimedMove,
  claimMove,
  countMove,
  dropMove,
  endPasses,
  recordPage,
  segmentsAfter,
  takePlanTurn,
} from "../db/moves.ts";
import { queueDrainedParts } from "../db/gone_servers.ts";
import { queueRepairs } from "../db/repairs.ts";
import { findSegment } from "../db/segments.ts";
import type { StrayChunk } from "../db/uploads.ts";
import type { Work } from "./runner.ts";

const LANES = 2;
const LOOK_SECONDS = 3;
const LEASE_SECONDS = 60;
const PAGE = 500;
/** How long a change waits that could not go on. */
const RETRY_SECONDS = 15;

/** What moves need. */
export interface RebalanceParts extends Pick<Store, "sql" | "cluster" | "client" | "windows" | "graceSeconds"> {
  readonly throttle: Throttle;
  readonly log: Logger;
}

/**
 * The work of planning; it counts segments.
 * @param auto whether a rebalance begins by itself once a server has joined
 */
export function planMoves({ sql, cluster }: RebalanceParts, auto: boolean): Work {
  return {
    name: "plan",
    everySeconds: LOOK_SECONDS,
    async step() {
      if (auto) await rebalanceAfterJoin(sql, newUuid());
      await queueDrainedParts(sql);
      await endPasses(sql, RETRY_SECONDS);
      const turn = await takePlanTurn(sql, LEASE_SECONDS);
      if (turn === undefined) return 0;
      // A drain begins with a row: the snapshot must be of after it.
      await cluster.refresh();
      const snapshot = cluster.now;
      const ring = memberRing(snapshot.servers.values());
      const readable = new Set([...snapshot.servers.keys()].filter((id) => isReadable(snapshot, id)));
      const usable = new Set(
        ring.successors(0n, ring.servers).filter((id) => snapshot.servers.get(id)?.state === "active"),
      );
      const rules = turn.serverId === null ? { usable, readable } : { usable, readable, only: turn.serverId };
      const page = await segmentsAfter(sql, turn, PAGE);
      const moves = page.flatMap(({ fileId, bucket, key, segment }) => {
        const position = segmentPosition(bucket, new TextDecoder().decode(key), segment.number);
        const order = serversAt(ring, snapshot.servers, position);
        return planSegment(order, segment.chunks, segment, rules).map((move) => {
          return { fileId, segment: segment.number, ...move };
        });
      });
      const last = page.length < PAGE ? undefined : page.at(-1);
      await recordPage(sql, turn, moves, last && { fileId: last.fileId, number: last.segment.number });
      return page.length;
    },
  };
}

/** The work of moving; it counts chunks. */
export function moveChunks(parts: RebalanceParts): Work {
  return { name: "move", everySeconds: LOOK_SECONDS, lanes: LANES, step: (signal) => moveNext(parts, signal) };
}

async function moveNext(parts: RebalanceParts, signal: AbortSignal): Promise<number> {
  const { sql, log } = parts;
  const writer = newUuid();
  const move = await claimMove(sql, writer, LEASE_SECONDS);
  if (move === undefined) return 0;
  const attributes = {
    "sixfold.file.id": move.fileId,
    "sixfold.segment": move.segment,
    "sixfold.chunk.index": move.index,
  };
  try {
    await inTrace(
      "move",
      { kind: "internal", attributes },
      () =>
        holdIntent(sql, writer, LEASE_SECONDS, signal, async (strays, lease) => {
          try {
            await moveOne(parts, move, writer, strays, lease);
          } catch (error) {
            if (!signal.aborted) await giveUp(parts, move, writer, SixfoldError.from(error));
            throw error;
          }
        }),
    );
    await countMove(sql, move);
  } catch (error) {
    if (SixfoldError.from(error).code === "internal") throw error;
    log.debug("a chunk was not moved", { chunkId: move.chunkId, error });
  }
  return 1;
}

async function moveOne(
  { sql, cluster, client, windows, throttle, graceSeconds }: RebalanceParts,
  { fileId, segment, index, chunkId, to }: ClaimedMove,
  writer: string,
  strays: StrayChunk[],
  signal: AbortSignal,
): Promise<void> {
  const file = await findSegment(sql, fileId, segment);
  const chunk = file?.segment.chunks.find((known) => known.chunkId === chunkId);
  const { servers } = cluster.now;
  const source = chunk && servers.get(chunk.serverId);
  const target = servers.get(to);
  if (file === undefined || chunk === undefined) throw new SixfoldError("aborted", "the chunk is not there any more");
  if (source === undefined || target === undefined) throw new SixfoldError("unavailable", "a server has left");
  const sender = { client, windows, cluster, throttle, writer, strays, signal };
  const after = await moveChunk(sender, file, chunk, source, target);
  await switchChunk(sql, {
    fileId,
    segment,
    before: chunkId,
    after: { ...after, index },
    writer,
    queue: "moves",
    strays,
    graceSeconds,
    setAside: false,
  });
}

/** A chunk that cannot be read whole is rebuilt, which brings it to a server of the ring as well. */
async function giveUp({ sql, cluster }: RebalanceParts, move: ClaimedMove, writer: string, error: SixfoldError) {
  if (error.detail === "DISK_FULL") cluster.markFull(move.to);
  if (error.code === "data_loss" || error.code === "not_found") {
    const { fileId, segment, index } = move;
    await queueRepairs(sql, [{ fileId, segment, index, reason: `a move found: ${error.message}` }]);
  }
  await dropMove(sql, move, writer, error.code === "aborted" ? null : error.message);
}
