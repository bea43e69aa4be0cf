/** What is being rebuilt. For whoever has the right `admin`. */
import { type CallOptions, callRpc, type Gateways } from "./gateways.ts";
import { dateOf, numberOf, rowsOf, textOf } from "./rpc_json.ts";

/** How many chunks have to be rebuilt, and how fast that goes. */
export interface RepairState {
  /** Chunks whose turn comes. */
  readonly queued: number;
  /** Chunks that are being rebuilt. */
  readonly running: number;
  /** Chunks that wait for room, a server or the next try. */
  readonly waiting: number;
  /** Chunks that cannot be rebuilt as things are. */
  readonly parked: number;
  /** Bytes of all of them but the parked. */
  readonly bytesLeft: number;
  readonly bytesPerSecond: number;
  /** Until all is rebuilt at this rate; 0 where nothing is. */
  readonly secondsLeft: number;
}

/** A chunk that has to be rebuilt. */
export interface Repair {
  readonly fileId: string;
  readonly bucket: string;
  readonly key: string;
  readonly segment: number;
  readonly index: number;
  /** Why it was queued. */
  readonly reason: string;
  readonly state: "queued" | "running" | "waiting" | "parked";
  /** What the last try failed of; empty for none. */
  readonly problem: string;
  /** Tries that have failed. */
  readonly attempts: number;
  readonly queuedAt: Date | undefined;
}

const STATES = ["queued", "running", "waiting", "parked"] as const;

/** Calls about repairs. */
export interface RepairCalls {
  /** How many there are. */
  state(options?: CallOptions): Promise<RepairState>;
  /** Each of them, the riskiest first. */
  list(options?: CallOptions): AsyncGenerator<Repair>;
  /** Tries all that were parked again. @returns how many */
  retryParked(options?: CallOptions): Promise<number>;
}

/** The calls, over some gateways. */
export function repairCalls(gateways: Gateways): RepairCalls {
  return {
    state: async (options) => stateOf(await callRpc(gateways, "ClusterService/GetRepairs", {}, options)),
    list: (options) => listRepairs(gateways, options),
    async retryParked(options) {
      return numberOf((await callRpc(gateways, "ClusterService/RetryRepair", {}, options))["count"]);
    },
  };
}

async function* listRepairs(gateways: Gateways, options: CallOptions = {}): AsyncGenerator<Repair> {
  let pageToken = "";
  do {
    const page = await callRpc(gateways, "ClusterService/ListRepairs", {
      pageToken,
    }, options);
    for (const row of rowsOf(page["repairs"])) yield repairOf(row);
    pageToken = textOf(page["nextPageToken"]);
  } while (pageToken !== "");
}

function stateOf(row: Record<string, unknown>): RepairState {
  return {
    queued: numberOf(row["queued"]),
    running: numberOf(row["running"]),
    waiting: numberOf(row["waiting"]),
    parked: numberOf(row["parked"]),
    bytesLeft: numberOf(row["bytesLeft"]),
    bytesPerSecond: numberOf(row["bytesPerSecond"]),
    secondsLeft: numberOf(row["secondsLeft"]),
  };
}

function repairOf(row: Record<string, unknown>): Repair {
  return {
    fileId: textOf(row["fileId"]),
    bucket: textOf(row["bucket"]),
    key: textOf(row["key"]),
    segment: numberOf(row["segment"]),
    index: numberOf(row["index"]),
    reason: textOf(row["reason"]),
    state: STATES.find((known) => known === row["state"]) ?? "queued",
    problem: textOf(row["problem"]),
    attempts: numberOf(row["attempts"]),
    queuedAt: dateOf(row["queuedAt"]),
  };
}
