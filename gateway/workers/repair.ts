/** Rebuilds the chunks that are queued for repair, the riskiest first. */
import { newUuid } from "../../shared/chunk_id.ts";
import { SixfoldError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { sleep } from "../../shared/sleep.ts";
import { inTrace } from "../../shared/telemetry.ts";
import { holdIntent } from "../core/files/held_intent.ts";
import { isReadable, repairChunk } from "../core/segments/repair_chunk.ts";
import type { Store } from "../core/segments/store.ts";
import type { Throttle } from "../core/cluster/throttle.ts";
import { switchChunk } from "../db/chunk_switch.ts";
import { type ClaimedRepair, claimRepair, deferRepair, parkRepair } from "../db/repair_claims.ts";
import { findSegment } from "../db/segments.ts";
import type { StrayChunk } from "../db/uploads.ts";
import type { Work } from "./runner.ts";

/** Chunks that one gateway rebuilds at once: one is written while another is read. */
const LANES = 3;
const LOOK_SECONDS = 5;
const LEASE_SECONDS = 60;
/** Tries of a chunk that cannot be rebuilt before it is parked: servers that are only slow have come to themselves by then. */
const HOPELESS_AFTER = 3;
const FIRST_RETRY_SECONDS = 5;
const LAST_RETRY_SECONDS = 600;
/** How long a repair waits that no server can take. */
const NO_ROOM_SECONDS = 30;
const NO_ROOM_PAUSE_MS = 250;

/** What repairs need. */
export interface RepairParts extends Pick<Store, "sql" | "cluster" | "client" | "windows" | "graceSeconds"> {
  readonly throttle: Throttle;
  readonly log: Logger;
}

/** The work of repairing; it counts chunks. */
export function repair(parts: RepairParts): Work {
  return { name: "repair", everySeconds: LOOK_SECONDS, lanes: LANES, step: (signal) => repairNext(parts, signal) };
}

async function repairNext(parts: RepairParts, signal: AbortSignal): Promise<number> {
  const { sql, cluster, log } = parts;
  const snapshot = cluster.now;
  const gone = [...snapshot.servers.keys()].filter((id) => !isReadable(snapshot, id));
  const writer = newUuid();
  const claim = await claimRepair(sql, writer, LEASE_SECONDS, gone);
  if (claim === undefined) return 0;
  const { fileId, segment, index } = claim;
  const attributes = {
    "sixfold.file.id": fileId,
    "sixfold.segment": segment,
    "sixfold.chunk.index": index,
    "sixfold.reason": claim.reason,
  };
  try {
    await inTrace(
      "repair",
      { kind: "internal", attributes, link: claim.trace ?? null },
      () =>
        holdIntent(sql, writer, LEASE_SECONDS, signal, async (strays, lease) => {
          try {
            await repairOne(parts, claim, writer, strays, lease);
          } catch (error) {
            if (signal.aborted) throw error;
            await putOff(parts, claim, writer, SixfoldError.from(error));
            throw error;
          }
        }),
    );
    log.debug("a chunk was repaired", { fileId, segment, index });
  } catch (error) {
    if (error === NO_ROOM) await sleep(NO_ROOM_PAUSE_MS, signal);
    if (SixfoldError.from(error).code === "internal") throw error;
    log.debug("a chunk was not repaired", { fileId, segment, index, error });
  }
  return 1;
}

const NO_ROOM = new SixfoldError("unavailable", "no server can take the chunk now; start more, or free space");

async function repairOne(
  { sql, cluster, client, windows, throttle, graceSeconds }: RepairParts,
  { fileId, segment, index, damaged }: ClaimedRepair,
  writer: string,
  strays: StrayChunk[],
  signal: AbortSignal,
): Promise<void> {
  const file = await findSegment(sql, fileId, segment);
  if (file === undefined) throw new SixfoldError("not_found", "the file is gone");
  const before = file.segment.chunks.find((chunk) => chunk.index === index)?.chunkId;
  const sender = { client, windows, cluster, throttle, writer, strays, signal };
  const after = await repairChunk(sender, file, index);
  if (after === undefined) throw NO_ROOM;
  await switchChunk(sql, {
    fileId,
    segment,
    before,
    after,
    writer,
    queue: "repairs",
    strays,
    graceSeconds,
    setAside: damaged,
  });
}

/** What becomes of a repair that did not succeed. Its claim ends before its intent does, so that nobody takes it between. */
async function putOff(
  { sql, log }: RepairParts,
  claim: ClaimedRepair,
  writer: string,
  error: SixfoldError,
): Promise<void> {
  const { fileId, segment, index, attempts } = claim;
  if (error === NO_ROOM) await deferRepair(sql, claim, writer, error.message, NO_ROOM_SECONDS, false);
  else if (error.code === "data_loss" && attempts + 1 >= HOPELESS_AFTER) {
    await parkRepair(sql, claim, writer, error.message);
    log.error("a chunk cannot be repaired; bring its servers back and try again", { fileId, segment, index, error });
  } else {
    const seconds = Math.min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** attempts);
    await deferRepair(sql, claim, writer, error.message, seconds, true);
  }
}
