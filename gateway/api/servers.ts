/** Servers as callers see them: what PostgreSQL knows, and what this gateway thinks. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { SixfoldError } from "../../shared/errors.ts";
import { BreakerState } from "../../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState } from "../../shared/gen/sixfold/v1/storage_pb.ts";
import { reasonOf } from "../core/cluster/liveness.ts";
import type { Store } from "../core/segments/store.ts";

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

type Seen = Pick<Store, "cluster" | "client">;
type ServerRow = Awaited<ReturnType<Store["cluster"]["readServers"]>>[number];

/** All servers, as messages. */
export async function listServers({ cluster, client }: Seen) {
  return (await cluster.readServers()).map((row) => serverMessage(client, row));
}

/** The same, once each that has not left was asked for a sign of life. */
export async function callRoll({ cluster, client }: Seen) {
  return await Promise.all((await cluster.readServers()).map(async (row) => {
    const hasLeft = row.state === "stopped" || row.state === "inactive";
    const said = hasLeft ? undefined : await client.probe(row).then(() => undefined, SixfoldError.from);
    return { ...serverMessage(client, row), unreachable: said === undefined ? "" : silenceOf(said) };
  }));
}

function silenceOf({ code, message }: SixfoldError): string {
  if (code === "deadline_exceeded") return "it does not answer in time";
  // What the runtime says of a connection that there is none is no sentence for people.
  return code === "unavailable" || code === "internal" ? "it cannot be reached from here" : message;
}

function serverMessage(client: Store["client"], row: ServerRow) {
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
}
