/** Servers as callers see them: what PostgreSQL knows, and what this gateway thinks. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { BreakerState } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { reasonOf } from "../core/liveness.ts";
import type { Store } from "../core/store.ts";

const STATES = {
  active: ServerState.ACTIVE,
  full: ServerState.FULL,
  draining: ServerState.DRAINING,
  stopped: ServerState.STOPPED,
  inactive: ServerState.INACTIVE,
};

const BREAKERS = {
  closed: BreakerState.CLOSED,
  open: BreakerState.OPEN,
  "half-open": BreakerState.HALF_OPEN,
};

/** All servers, as messages. */
export async function listServers({ cluster, client }: Pick<Store, "cluster" | "client">) {
  const rows = await cluster.readServers();
  return rows.map((row) => {
    const opinion = client.suspicion.opinion(row);
    return {
      id: row.id,
      grpcAddress: row.grpcAddress,
      httpAddress: row.httpAddress,
      state: STATES[row.state],
      freeBytes: BigInt(row.freeBytes),
      usedBytes: BigInt(row.usedBytes),
      lastHeartbeat: timestampFromDate(row.lastHeartbeat),
      zone: row.zone,
      weight: row.weight,
      breaker: BREAKERS[opinion.breaker],
      consecutiveFailures: opinion.failures,
      lastError: opinion.lastError ?? "",
      heartbeatAgeMs: BigInt(Math.round(row.heartbeatAgeMs)),
      stateReason: reasonOf(row),
      calls: BigInt(opinion.calls),
      failedCalls: BigInt(opinion.failed),
      usualReadMs: opinion.usualMs ?? 0,
    };
  });
}
