/** The whole cluster in numbers, by statements that cost as much as there is trouble, and not as there are files. */
import type { Sql } from "./database.ts";
import type { ServerRow } from "./servers.ts";
import { countRepairs, type RepairCounts } from "./upkeep.ts";

/** What the numbers are. */
export interface ClusterFigures {
  /** For 1 to 6 missing chunks, how many files lack so many in their worst segment. */
  readonly lacking: readonly { readonly missing: number; readonly count: number }[];
  /** Files that lack more chunks than they may. */
  readonly lost: number;
  readonly repairs: RepairCounts;
  readonly garbage: number;
  readonly garbageOverdueSeconds: number;
  readonly sessions: number;
  readonly intents: number;
  readonly doubted: boolean;
}

/** Every state that a server may be in. */
export const SERVER_STATES = [
  "active",
  "full",
  "draining",
  "stopped",
  "inactive",
] as const satisfies readonly ServerRow[
  "state"
][];

/** Reads all numbers. */
export async function readFigures(sql: Sql): Promise<ClusterFigures> {
  // One after another: whoever looks must not take all connections of the upkeep.
  const repairs = await countRepairs(sql);
  return { repairs, ...await readRedundancy(sql), ...await readQueues(sql) };
}

/** How many chunks files lack. What lacks none is in no queue, and is not counted. */
async function readRedundancy(sql: Sql): Promise<Pick<ClusterFigures, "lacking" | "lost">> {
  const rows = await sql<{ missing: number; count: number; lost: number }[]>`
    SELECT n.missing, count(f.file_id)::int AS count, count(*) FILTER (WHERE f.lost)::int AS lost
    FROM generate_series(1, 6) AS n (missing) LEFT JOIN (
      SELECT file_id, max(missing) AS missing, bool_or(missing > m) AS lost FROM (
        SELECT r.file_id, s.m, count(*)::int AS missing
        FROM repairs r JOIN stored_segments s ON s.file_id = r.file_id AND s.number = r.segment
        GROUP BY r.file_id, r.segment, s.m) AS of_segments
      GROUP BY file_id) AS f ON f.missing = n.missing
    GROUP BY n.missing ORDER BY n.missing`;
  return { lacking: rows, lost: rows.reduce((sum, { lost }) => sum + lost, 0) };
}

/** What waits for background work, and what is open. */
async function readQueues(sql: Sql): Promise<Omit<ClusterFigures, "lacking" | "lost" | "repairs">> {
  const [row] = await sql<Omit<ClusterFigures, "lacking" | "lost" | "repairs">[]>`
    SELECT (SELECT count(*) FROM garbage)::int AS garbage,
           greatest(0, coalesce(extract(epoch FROM now() - (SELECT min(due_at) FROM garbage)), 0))::float8
             AS "garbageOverdueSeconds",
           (SELECT count(*) FROM upload_sessions)::int AS sessions, (SELECT count(*) FROM intents)::int AS intents,
           doubt IS NOT NULL AS doubted
    FROM cluster`;
  return row ?? { garbage: 0, garbageOverdueSeconds: 0, sessions: 0, intents: 0, doubted: false };
}
