/** Where the metrics of a gateway have their values from. */
import { observe } from "../shared/telemetry_metrics.ts";
import {
  activeRequests,
  breakerState,
  memoryLimit,
  memoryUsed,
  memoryWaiting,
  openConnections,
  poolConnections,
  poolMost,
  poolWaiting,
  workBytes,
  workDone,
  workFailures,
  workRunning,
} from "./core/telemetry/metrics.ts";
import type { Store } from "./core/segments/store.ts";
import type { Throttle } from "./core/cluster/throttle.ts";
import type { Sql } from "./db/database.ts";
import type { DoorLoad } from "./server.ts";
import type { Runner } from "./workers/runner.ts";

/** The parts of a gateway that are asked. */
export interface Observable {
  readonly store: Pick<Store, "cluster" | "client" | "pool" | "windows">;
  /** Connections to PostgreSQL by what they are for. */
  readonly databases: Readonly<Record<string, Sql>>;
  readonly runner: Runner;
  /** What holds background work back, by its name. */
  readonly throttles: Readonly<Record<string, Throttle>>;
  readonly door: () => DoorLoad;
}

const BREAKER_STATES = ["closed", "open", "half-open"] as const;

/** Tells of a gateway from now on. */
export function observeGateway({ store, databases, runner, throttles, door }: Observable): void {
  observe([activeRequests, openConnections], (tell) => {
    const { requests, connections } = door();
    tell(activeRequests, requests);
    tell(openConnections, connections);
  });
  observe([breakerState], (tell) => {
    for (const server of store.cluster.now.servers.values()) {
      const { breaker } = store.client.suspicion.opinion(server);
      for (const state of BREAKER_STATES) {
        const value = state === breaker ? 1 : 0;
        tell(breakerState, value, { "sixfold.server.id": server.id, "sixfold.state": state });
      }
    }
  });
  observe([memoryUsed, memoryLimit, memoryWaiting], (tell) => {
    for (const [pool, { load }] of Object.entries({ uploads: store.pool, downloads: store.windows })) {
      tell(memoryUsed, load.used, { "sixfold.pool": pool });
      tell(memoryLimit, load.limit, { "sixfold.pool": pool });
      tell(memoryWaiting, load.waiting, { "sixfold.pool": pool });
    }
  });
  observe([poolConnections, poolMost, poolWaiting], (tell) => {
    for (const [name, sql] of Object.entries(databases)) {
      const { used, idle, waiting, most } = sql.load();
      const pool = { "sixfold.pool": name };
      tell(poolConnections, used, { ...pool, "sixfold.state": "used" });
      tell(poolConnections, idle, { ...pool, "sixfold.state": "idle" });
      tell(poolMost, most, pool);
      tell(poolWaiting, waiting, pool);
    }
  });
  observe([workDone, workRunning, workFailures, workBytes], (tell) => {
    for (const { name, done, running, failures } of runner.statuses) {
      tell(workDone, done, { "sixfold.work": name });
      tell(workRunning, running, { "sixfold.work": name });
      tell(workFailures, failures, { "sixfold.work": name });
    }
    for (const [name, throttle] of Object.entries(throttles)) tell(workBytes, throttle.total, { "sixfold.work": name });
  });
}
