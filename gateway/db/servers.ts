/** The storage daemons as PostgreSQL knows them. */
import type { Sql } from "./database.ts";

/** A daemon's row. */
export interface ServerRow {
  readonly id: string;
  /** The life it lives: another one with each registration. */
  readonly incarnation: string;
  readonly grpcAddress: string;
  readonly httpAddress: string;
  /** `inactive` when its heartbeat is 30 s older than the newest one. */
  readonly state: "active" | "full" | "draining" | "stopped" | "inactive";
  readonly freeBytes: number;
  readonly usedBytes: number;
  readonly lastHeartbeat: Date;
  /** By PostgreSQL's clock. */
  readonly heartbeatAgeMs: number;
  /** Its share of the chunks beside servers of weight 1. */
  readonly weight: number;
  /** Signed positions on the ring, as text: they do not fit a number. */
  readonly positions: readonly string[];
}

/** All servers, by id. Liveness is judged by PostgreSQL's clock alone. */
export function listServers(sql: Sql): Promise<ServerRow[]> {
  return sql<ServerRow[]>`
    SELECT id, incarnation, grpc_address AS "grpcAddress", http_address AS "httpAddress",
           CASE WHEN state NOT IN ('stopped', 'removed') AND
             last_heartbeat < (SELECT max(last_heartbeat) FROM storage_servers) - interval '30 seconds'
             THEN 'inactive' ELSE state END AS state,
           free_bytes AS "freeBytes", used_bytes AS "usedBytes", last_heartbeat AS "lastHeartbeat",
           extract(epoch FROM now() - last_heartbeat)::float8 * 1000 AS "heartbeatAgeMs", weight,
           (SELECT coalesce(array_agg(position::text ORDER BY node), '{}')
            FROM hash_ring_nodes n WHERE n.server_id = s.id) AS positions
    FROM storage_servers s WHERE state <> 'removed' ORDER BY id`;
}
