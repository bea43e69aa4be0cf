/** The storage daemons as PostgreSQL knows them. */
import type { Sql } from "./database.ts";

/** A daemon's row. */
export interface ServerRow {
  readonly id: string;
  /** The life it lives: another one with each registration. */
  readonly incarnation: string;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly state: "active" | "full" | "draining" | "stopped" | "inactive";
  /** Why its disk takes no writes, in words; empty when it does. */
  readonly diskTrouble: string;
  /** Where it stands; empty for nowhere in particular. */
  readonly zone: string;
  readonly freeBytes: number;
  readonly usedBytes: number;
  readonly lastHeartbeat: Date;
  /** How often it gives a sign of life, in ms. */
  readonly heartbeatMs: number;
  /** How long ago the last one was, by PostgreSQL's clock. */
  readonly heartbeatAgeMs: number;
  /** How much older it is than the newest one of all servers. */
  readonly heartbeatBehindMs: number;
  /** Its share of the chunks beside servers of weight 1. */
  readonly weight: number;
  /** Signed positions on the ring, as text: they do not fit a number. */
  readonly positions: readonly string[];
}

/** All servers, by id, in the states that they have told themselves: whether they live is for the caller to judge. */
export function listServers(sql: Sql): Promise<ServerRow[]> {
  return sql<ServerRow[]>`
    SELECT id, incarnation, grpc_address AS "grpcAddress", http_address AS "httpAddress", state,
           disk_trouble AS "diskTrouble", zone, free_bytes AS "freeBytes", used_bytes AS "usedBytes",
           last_heartbeat AS "lastHeartbeat", heartbeat_ms AS "heartbeatMs",
           extract(epoch FROM now() - last_heartbeat)::float8 * 1000 AS "heartbeatAgeMs",
           extract(epoch FROM max(last_heartbeat) OVER () - last_heartbeat)::float8 * 1000 AS "heartbeatBehindMs", weight,
           (SELECT coalesce(array_agg(position::text ORDER BY node), '{}')
            FROM hash_ring_nodes n WHERE n.server_id = s.id) AS positions
    FROM storage_servers s WHERE state <> 'removed' ORDER BY id`;
}
