/** Which chunks of a segment are not where the ring says: pure functions of sets of servers. */
import { CHUNKS, type Layout } from "../../../shared/layout.ts";
import { Ring, type RingNode } from "../../../shared/ring.ts";
import type { ChunkRow } from "../../db/files.ts";
import type { ServerRow } from "../../db/servers.ts";
import { isEnough, nextServer, placeChunks } from "./placement.ts";

/** A chunk that should lie elsewhere. */
export interface PlannedMove {
  readonly index: number;
  readonly chunkId: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** What a plan is made for. */
export interface PlanRules {
  /** The servers that a chunk can be put on now. */
  readonly usable: ReadonlySet<string>;
  /** The servers that it can be read from now. */
  readonly readable: ReadonlySet<string>;
  /** Only chunks of this server move. */
  readonly only?: string;
}

/**
 * The ring of all who belong to the cluster, also of those that are full or away for a while: a chunk does not wander off
 * because its server restarts. Servers that are emptied are not on it.
 */
export function memberRing(servers: Iterable<ServerRow>): Ring {
  return new Ring(memberNodes(servers));
}

/** The virtual nodes of that ring. */
export function memberNodes(servers: Iterable<ServerRow>): RingNode[] {
  const members = [...servers].filter(({ state }) => state !== "draining");
  return members.flatMap(({ id, positions }) => {
    return positions.map((position) => ({ serverId: id, position: BigInt.asUintN(64, BigInt(position)) }));
  });
}

/**
 * The moves of one segment. The ring's servers are taken as a set: a chunk whose server is in it stays, whatever its
 * index, and only a chunk whose server is not moves, to one that has none yet.
 * @param order the servers of the ring from the segment's position on
 */
export function planSegment(
  order: readonly string[],
  chunks: readonly ChunkRow[],
  layout: Layout,
  { usable, readable, only }: PlanRules,
): PlannedMove[] {
  if (!isEnough(order.length, layout)) return [];
  const wanted = placeChunks(order.slice(0, CHUNKS), layout);
  const leaving: ChunkRow[] = [];
  for (const chunk of chunks) {
    const place = wanted.indexOf(chunk.serverId);
    if (place >= 0) wanted.splice(place, 1);
    else leaving.push(chunk);
  }
  const moves: PlannedMove[] = [];
  const holders = new Map(chunks.map(({ index, serverId }) => [index, serverId]));
  for (const { index, chunkId, serverId: from, length: bytes } of leaving) {
    if ((only !== undefined && from !== only) || !readable.has(from)) continue;
    const place = wanted.findIndex((id) => usable.has(id));
    // A server that is emptied must lose its chunks, also where those that the ring wants cannot take them now.
    const others = [...holders].filter(([other]) => other !== index).map(([, id]) => id);
    const open = order.filter((id) => usable.has(id));
    const to = place >= 0 ? wanted.splice(place, 1)[0] : only && nextServer(open, others, new Set(), layout);
    if (to === undefined) continue;
    holders.set(index, to);
    moves.push({ index, chunkId, from, to, bytes });
  }
  return moves;
}
