/** What operators ask of the cluster, and the answers that are more than a row. */
import { newUuid } from "../../../shared/chunk_id.ts";
import { SixfoldError } from "../../../shared/errors.ts";
import type { Layout } from "../../../shared/layout.ts";
import { Ring, segmentPosition, virtualNodes } from "../../../shared/ring.ts";
import {
  cancelDrain,
  type ChangeRow,
  drainServer,
  holdingsOf,
  listChanges,
  removeServer,
  setChangeState,
  startRebalance,
} from "../../db/changes.ts";
import type { Sql } from "../../db/database.ts";
import { segmentsAfter } from "../../db/moves.ts";
import { type Cluster, serversAt } from "./cluster.ts";
import { isEnough } from "./placement.ts";
import { memberNodes, planSegment } from "./rebalance_plan.ts";
import type { Throttle } from "./throttle.ts";
import type { WorkStatus } from "./work_status.ts";

/** What looks after the cluster. */
export interface Upkeep {
  readonly sql: Sql;
  readonly cluster: Cluster;
  readonly layout: Layout;
  readonly repairing: Throttle;
  readonly moving: Throttle;
  /** Aborts when the gateway stops. */
  readonly stopping: AbortSignal;
  /** How the background work of this gateway is doing. */
  readonly work: () => readonly Readonly<WorkStatus>[];
}

/** The sentence with which a server goes that still keeps something. */
export const FORCE = "lose what only this server keeps";

/** A change to preview. */
export type Preview = { readonly drain: string } | { readonly addWeight: number } | "rebalance";

const PAGE = 500;
/** A preview looks at so many segments; what they say is then taken for all. */
const MOST_SEGMENTS = 20_000;
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** What a change would move. */
export async function previewChange({ sql, cluster, layout }: Upkeep, preview: Preview) {
  const servers = [...(await cluster.readServers())];
  const drained = typeof preview === "object" && "drain" in preview ? preview.drain : undefined;
  const added = typeof preview === "object" && "addWeight" in preview ? newUuid() : undefined;
  if (drained !== undefined && !servers.some(({ id }) => id === drained)) throw unknownServer();
  const members = servers.filter(({ id }) => id !== drained);
  const nodes = memberNodes(members);
  if (added !== undefined && typeof preview === "object" && "addWeight" in preview) {
    nodes.push(...virtualNodes(added, preview.addWeight));
  }
  const ring = new Ring(nodes);
  if (!isEnough(ring.servers, layout)) throw tooFew();
  const ids = new Set([...servers.map(({ id }) => id), ...(added === undefined ? [] : [added])]);
  const usable = new Set([...ids].filter((id) => id !== drained));
  const byId = new Map(servers.map((server) => [server.id, server]));
  const rules = { usable, readable: ids, ...(drained === undefined ? {} : { only: drained }) };
  const shift = new Map<string, number>();
  const sum = { chunks: 0, bytes: 0, chunksSeen: 0, bytesSeen: 0, exact: true };
  let [afterFile, afterNumber] = [NOBODY, -1];
  for (let seen = 0;; seen += PAGE) {
    const page = await segmentsAfter(sql, { serverId: drained ?? null, afterFile, afterNumber }, PAGE);
    for (const { bucket, key, segment } of page) {
      const position = segmentPosition(bucket, new TextDecoder().decode(key), segment.number);
      for (const chunk of segment.chunks) {
        sum.chunksSeen++;
        sum.bytesSeen += chunk.length;
      }
      for (
        const { from, to, bytes } of planSegment(
          serversAt(ring, byId, position),
          segment.chunks,
          segment,
          rules,
        )
      ) {
        sum.chunks++;
        sum.bytes += bytes;
        shift.set(from, (shift.get(from) ?? 0) - bytes);
        shift.set(to, (shift.get(to) ?? 0) + bytes);
      }
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) break;
    [afterFile, afterNumber] = [last.fileId, last.segment.number];
    if (seen + PAGE >= MOST_SEGMENTS) {
      sum.exact = false;
      break;
    }
  }
  const shares = members.map(({ id, usedBytes, freeBytes }) => {
    return Math.max(0, usedBytes + (shift.get(id) ?? 0)) / Math.max(1, usedBytes + freeBytes);
  });
  return { ...sum, hottestDisk: Math.max(0, ...shares) };
}

/** Begins to empty a server. @throws SixfoldError `not_found`; `failed_precondition` when too few would be left */
export async function startDrain({ sql, cluster, layout }: Upkeep, serverId: string): Promise<string> {
  const others = (await cluster.readServers()).filter(({ id, state }) => {
    return id !== serverId && (state === "active" || state === "full");
  });
  if (!isEnough(others.length, layout)) throw tooFew();
  const change = await drainServer(sql, newUuid(), serverId);
  if (change === undefined) throw unknownServer();
  return change;
}

/** Begins to move chunks to where the ring says. @returns the change, also where one runs already */
export async function rebalance({ sql }: Upkeep, id: string): Promise<string> {
  return await startRebalance(sql, id);
}

/** Pauses, resumes or stops a change. @returns whether that was possible */
export async function changeState(
  { sql }: Upkeep,
  ...change: [string, readonly string[], "running" | "paused" | "stopped"]
) {
  return await setChangeState(sql, ...change);
}

/** Keeps a server after all. @throws SixfoldError `failed_precondition` when it is not being emptied */
export async function endDrain({ sql }: Upkeep, serverId: string): Promise<void> {
  if (await cancelDrain(sql, serverId)) return;
  throw new SixfoldError("failed_precondition", "this server is not being emptied");
}

/** What is left on a server, a sentence; undefined when it can be removed. @throws SixfoldError `not_found` */
export async function whatHolds({ sql }: Upkeep, serverId: string): Promise<string | undefined> {
  const found = await holdingsOf(sql, serverId);
  if (found === undefined) throw unknownServer();
  const { state, chunks, parts, garbage, uploads } = found;
  if (state !== "draining") return "the server is not being emptied; drain it first";
  if (chunks + parts + garbage + uploads === 0) return undefined;
  return `${chunks} chunks of files, ${parts} of open uploads and ${garbage} that are to be removed are left on it, and ` +
    `${uploads} uploads run that began before it was emptied`;
}

/** Takes a server off for good. @throws SixfoldError `not_found`; `failed_precondition` with what is left on it */
export async function takeOff(upkeep: Upkeep, serverId: string, confirmation: string): Promise<void> {
  const holds = await whatHolds(upkeep, serverId);
  if (holds !== undefined && confirmation !== FORCE) {
    throw new SixfoldError("failed_precondition", `${holds}; to remove it all the same, confirm with "${FORCE}"`);
  }
  await removeServer(upkeep.sql, serverId);
}

/** All changes, and for drains what is left. */
export async function readChanges(upkeep: Upkeep): Promise<(ChangeRow & { readonly holds: string | undefined })[]> {
  const changes = await listChanges(upkeep.sql, 100);
  return await Promise.all(changes.map(async (change) => {
    const { serverId } = change;
    const holds = serverId === null
      ? undefined
      : await whatHolds(upkeep, serverId).catch(() => "the server is removed");
    return { ...change, holds };
  }));
}

function unknownServer(): SixfoldError {
  return new SixfoldError("not_found", "there is no server with this id");
}

function tooFew(): SixfoldError {
  return new SixfoldError(
    "failed_precondition",
    "too few servers would be left for the layout; start another one first",
  );
}
