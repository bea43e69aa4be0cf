/** Rebalances and drains: previewed, begun, looked at, held and ended. For whoever has the right `admin`. */
import { type CallOptions, callRpc, type Gateways } from "./gateways.ts";
import { dateOf, numberOf, rowsOf, textOf } from "./rpc_json.ts";

/** A change to preview: all chunks to where the ring says; a server emptied; a server of a weight added. */
export type PlannedChange = "rebalance" | { readonly drain: string } | {
  readonly addWeight: number;
};

/** What a change would move. */
export interface MovePlan {
  readonly chunks: number;
  readonly bytes: number;
  /** All chunks that were looked at, and their bytes. */
  readonly chunksSeen: number;
  readonly bytesSeen: number;
  /** The largest share of any disk that would be used afterwards, 0 to 1. */
  readonly hottestDisk: number;
  /** How long it would take one gateway at its limit; 0 where it has none. */
  readonly seconds: number;
  /** Whether all was looked at; otherwise the figures are what a part says of all. */
  readonly exact: boolean;
}

/** A rebalance or a drain. */
export interface Change {
  readonly id: string;
  /** The server that is emptied; empty for a rebalance. */
  readonly serverId: string;
  readonly state: "running" | "paused" | "stopped" | "done";
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly chunksDone: number;
  readonly bytesDone: number;
  /** What is known to be left; more may be found until it is `planned`. */
  readonly chunksLeft: number;
  readonly bytesLeft: number;
  /** Whether all was looked at. */
  readonly planned: boolean;
  /** What the last failure was; empty for none. */
  readonly problem: string;
  /** For a drain: whether the server can be removed. */
  readonly safeToRemove: boolean;
  /** For a drain that cannot end yet: what is left, a sentence. */
  readonly holds: string;
}

const STATES = ["running", "paused", "stopped", "done"] as const;

/** Calls about rebalances and drains. */
export interface MoveCalls {
  /** What a change would move; nothing happens. @throws SixfoldError `failed_precondition` where too few servers are left */
  plan(change: PlannedChange, options?: CallOptions): Promise<MovePlan>;
  /** All changes, the newest first. */
  list(options?: CallOptions): Promise<Change[]>;
  /** Begins to move chunks to where the ring says. @returns the id of the change, also where one runs already */
  rebalance(options?: CallOptions): Promise<string>;
  /** Begins to empty a server, which goes on serving. @returns the id of the change */
  drain(serverId: string, options?: CallOptions): Promise<string>;
  /** Ends a drain: the server takes chunks again. @throws SixfoldError `failed_precondition` where there is none */
  keep(serverId: string, options?: CallOptions): Promise<void>;
  /** Takes a server that is empty out of the cluster for good. @throws SixfoldError `failed_precondition` with what holds it */
  removeServer(serverId: string, options?: CallOptions): Promise<void>;
  /** Holds a change. */
  pause(changeId: string, options?: CallOptions): Promise<void>;
  /** Goes on with it. */
  resume(changeId: string, options?: CallOptions): Promise<void>;
  /** Ends a rebalance; what has moved stays. */
  stop(changeId: string, options?: CallOptions): Promise<void>;
}

/** The calls, over some gateways. */
export function moveCalls(gateways: Gateways): MoveCalls {
  const ask = (method: string, request: unknown, options: CallOptions = {}) =>
    callRpc(gateways, `ClusterService/${method}`, request, options);
  const tell = async (...call: Parameters<typeof ask>) => void await ask(...call);
  return {
    plan: async (change, options) => planOf(await ask("PlanChange", plannedChange(change), options)),
    list: async (options) => rowsOf((await ask("GetMoves", {}, options))["changes"]).map(changeOf),
    rebalance: async (options) => textOf((await ask("StartRebalance", {}, options))["changeId"]),
    drain: async (serverId, options) => textOf((await ask("DrainServer", { serverId }, options))["changeId"]),
    keep: (serverId, options) => tell("CancelDrain", { serverId }, options),
    removeServer: (serverId, options) => tell("RemoveServer", { serverId }, options),
    pause: (changeId, options) => tell("PauseMoves", { changeId }, options),
    resume: (changeId, options) => tell("ResumeMoves", { changeId }, options),
    stop: (changeId, options) => tell("StopMoves", { changeId }, options),
  };
}

function plannedChange(change: PlannedChange): unknown {
  if (change === "rebalance") return { rebalance: true };
  return "drain" in change ? { drainServerId: change.drain } : { addWeight: change.addWeight };
}

function planOf(row: Record<string, unknown>): MovePlan {
  return {
    chunks: numberOf(row["chunks"]),
    bytes: numberOf(row["bytes"]),
    chunksSeen: numberOf(row["chunksSeen"]),
    bytesSeen: numberOf(row["bytesSeen"]),
    hottestDisk: numberOf(row["hottestDisk"]),
    seconds: numberOf(row["seconds"]),
    exact: row["exact"] === true,
  };
}

function changeOf(row: Record<string, unknown>): Change {
  return {
    id: textOf(row["id"]),
    serverId: textOf(row["serverId"]),
    state: STATES.find((known) => known === row["state"]) ?? "running",
    startedAt: dateOf(row["startedAt"]),
    endedAt: dateOf(row["endedAt"]),
    chunksDone: numberOf(row["chunksDone"]),
    bytesDone: numberOf(row["bytesDone"]),
    chunksLeft: numberOf(row["chunksLeft"]),
    bytesLeft: numberOf(row["bytesLeft"]),
    planned: row["planned"] === true,
    problem: textOf(row["problem"]),
    safeToRemove: row["safeToRemove"] === true,
    holds: textOf(row["holds"]),
  };
}
