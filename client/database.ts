/** Whether the cluster believes its database, and what comparing the disks with it has found. */
import { type CallOptions, callRpc, type Gateways } from "./gateways.ts";
import { dateOf, numberOf, rowsOf, textOf } from "./rpc_json.ts";

/** What the cluster thinks of its database. */
export interface DatabaseState {
  /** Why it is doubted, so that nothing is removed from the disks; empty where it is not. */
  readonly doubt: string;
  /** How often a person has confirmed it, and one. */
  readonly generation: number;
  readonly disks: readonly DiskComparison[];
}

/** What the last comparison of a disk with the database has found. */
export interface DiskComparison {
  readonly serverId: string;
  /** `halted` where it found so many strays that a person has to look; `allowed` once one has said yes. */
  readonly state: "waiting" | "halted" | "allowed";
  /** Chunks on the disk. */
  readonly listed: number;
  /** Those among them that the database does not know. */
  readonly strays: number;
  /** Chunks of files that were not on the disk. */
  readonly lost: number;
  /** Undefined before the first one. */
  readonly endedAt: Date | undefined;
}

const STATES = ["waiting", "halted", "allowed"] as const;

/** Calls about the database. */
export interface DatabaseCalls {
  /** What there is to know. */
  state(options?: CallOptions): Promise<DatabaseState>;
  /** Says that it is the right one: what it does not know may be removed from now on. @returns the new generation */
  confirm(options?: CallOptions): Promise<number>;
  /** Lets the next comparison set aside what a halted one has found. @throws SixfoldError `failed_precondition` */
  allow(serverId: string, options?: CallOptions): Promise<void>;
}

/** The calls, over some gateways. */
export function databaseCalls(gateways: Gateways): DatabaseCalls {
  return {
    async state(options) {
      const answer = await callRpc(gateways, "ClusterService/ListReconciliations", {}, options);
      const disks = rowsOf(answer["reconciliations"]).map(diskOf);
      return { doubt: textOf(answer["doubt"]), generation: numberOf(answer["generation"]), disks };
    },
    async confirm(options) {
      return numberOf((await callRpc(gateways, "ClusterService/ConfirmDatabase", {}, options))["generation"]);
    },
    async allow(serverId, options) {
      await callRpc(gateways, "ClusterService/AllowReconciliation", { serverId }, options);
    },
  };
}

function diskOf(row: Record<string, unknown>): DiskComparison {
  return {
    serverId: textOf(row["serverId"]),
    state: STATES.find((known) => known === row["state"]) ?? "waiting",
    listed: numberOf(row["listed"]),
    strays: numberOf(row["strays"]),
    lost: numberOf(row["lost"]),
    endedAt: dateOf(row["endedAt"]),
  };
}
