/** What is known of how a file's chunks are: how far disks were read again, and what waits to be rebuilt. */
import type { ScrubProgress } from "../../shared/scrub_turns.ts";
import type { Sql } from "./database.ts";

/** How far a disk has been read again; null where its daemon has not told yet. */
export interface ScrubRow {
  readonly serverId: string;
  readonly scrub: ScrubProgress | null;
}

/** Of every server, how far its disk has been read again. */
export function listScrubs(sql: Sql): Promise<ScrubRow[]> {
  return sql<ScrubRow[]>`SELECT id AS "serverId", scrub FROM storage_servers`;
}

/** A chunk that waits to be rebuilt. */
export interface DamageRow {
  readonly segment: number;
  readonly index: number;
  readonly reason: string;
}

/** The chunks of a file that wait to be rebuilt. */
export function listDamage(sql: Sql, fileId: string): Promise<DamageRow[]> {
  return sql<DamageRow[]>`SELECT segment, index, reason FROM repairs WHERE of_file = ${fileId}`;
}
