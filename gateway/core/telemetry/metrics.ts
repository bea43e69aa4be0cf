/** What a gateway counts. docs/observability.md lists all of it. */
import type { SixfoldError } from "../../../shared/errors.ts";
import { counter, gauge, histogram, total } from "../../../shared/telemetry_metrics.ts";

/** Durations of requests, and of calls to daemons. */
export const requestDuration = histogram({
  name: "http.server.request.duration",
  unit: "s",
  about: "Time from a request's head to the end of its answer.",
  attributes: ["http.request.method", "http.route", "http.response.status_code"],
});
export const activeRequests = gauge({
  name: "http.server.active_requests",
  unit: "{request}",
  about: "Requests that are being answered.",
});
export const openConnections = gauge({
  name: "sixfold.connections",
  unit: "{connection}",
  about: "Connections of clients, idle ones among them.",
});
export const fileBytes = counter({
  name: "sixfold.file.io",
  unit: "By",
  about: "Bytes of files that were stored, and that were read.",
  attributes: ["sixfold.direction"],
}, [{ "sixfold.direction": "write" }, { "sixfold.direction": "read" }]);
export const callDuration = histogram({
  name: "sixfold.chunk.call.duration",
  unit: "s",
  about: "Time of a call to a daemon.",
  attributes: ["sixfold.operation", "sixfold.outcome"],
});
export const calls = counter({
  name: "sixfold.chunk.calls",
  unit: "{call}",
  about: "Calls to each daemon, by how they ended: ok, left (by the caller), or the code of the error.",
  attributes: ["sixfold.operation", "sixfold.server.id", "sixfold.outcome"],
});
export const chunkBytes = counter({
  name: "sixfold.chunk.io",
  unit: "By",
  about: "Bytes of chunks that daemons have taken and given, parity among them.",
  attributes: ["sixfold.operation"],
}, [{ "sixfold.operation": "put" }, { "sixfold.operation": "get" }]);
export const retries = counter({
  name: "sixfold.retries",
  unit: "{call}",
  about: "Work that was tried again after an error that may pass.",
  attributes: ["sixfold.operation"],
}, [{ "sixfold.operation": "window" }, { "sixfold.operation": "call" }]);
export const hedges = counter({
  name: "sixfold.hedges",
  unit: "{call}",
  about: "Reads for which another server was asked, since the first was late.",
});
export const readSubstitutes = counter({
  name: "sixfold.read.substitutes",
  unit: "{call}",
  about:
    "Windows of chunks that were read in place of others: since these were damaged, their server was away, or late.",
  attributes: ["sixfold.reason"],
}, ["damaged", "unavailable", "late"].map((reason) => ({ "sixfold.reason": reason })));
export const writeSubstitutes = counter({
  name: "sixfold.write.substitutes",
  unit: "{chunk}",
  about: "Chunks that went to another server than the first one, by the code of the error there.",
  attributes: ["sixfold.reason"],
}, [{ "sixfold.reason": "unavailable" }]);
export const decodedStripes = counter({
  name: "sixfold.read.decoded",
  unit: "{stripe}",
  about: "Stripes of which data was computed from parity.",
});
export const damageFound = counter({
  name: "sixfold.damage.found",
  unit: "{chunk}",
  about: "Chunks that readers found missing or damaged.",
});
export const breakerTurns = counter({
  name: "sixfold.breaker.transitions",
  unit: "{transition}",
  about: "How often the breaker of a server became open, half-open or closed.",
  attributes: ["sixfold.server.id", "sixfold.state"],
});
export const breakerRefusals = counter({
  name: "sixfold.breaker.refusals",
  unit: "{call}",
  about: "Calls that were not made, since the server's breaker was open.",
  attributes: ["sixfold.server.id"],
});

/** What is asked for when Prometheus looks. */
export const breakerState = gauge({
  name: "sixfold.breaker.state",
  unit: "{breaker}",
  about: "1 for the state that a server's breaker is in.",
  attributes: ["sixfold.server.id", "sixfold.state"],
});
export const memoryUsed = gauge({
  name: "sixfold.memory.used",
  unit: "By",
  about: "Memory that transfers hold.",
  attributes: ["sixfold.pool"],
});
export const memoryLimit = gauge({
  name: "sixfold.memory.limit",
  unit: "By",
  about: "Memory that transfers may hold.",
  attributes: ["sixfold.pool"],
});
export const memoryWaiting = gauge({
  name: "sixfold.memory.waiting",
  unit: "{request}",
  about: "Transfers that wait for memory.",
  attributes: ["sixfold.pool"],
});
export const poolConnections = gauge({
  name: "sixfold.database.connections",
  unit: "{connection}",
  about: "Connections to PostgreSQL in use and idle.",
  attributes: ["sixfold.pool", "sixfold.state"],
});
export const poolMost = gauge({
  name: "sixfold.database.connections.limit",
  unit: "{connection}",
  about: "The most connections to PostgreSQL.",
  attributes: ["sixfold.pool"],
});
export const poolWaiting = gauge({
  name: "sixfold.database.connections.waiting",
  unit: "{request}",
  about: "Work that waits for a connection to PostgreSQL.",
  attributes: ["sixfold.pool"],
});
export const workDone = total({
  name: "sixfold.work.done",
  unit: "{item}",
  about: "What background work of this gateway has done, in its own unit: chunks repaired and moved, garbage removed.",
  attributes: ["sixfold.work"],
});
export const workRunning = gauge({
  name: "sixfold.work.running",
  unit: "{step}",
  about: "Steps of background work that run now.",
  attributes: ["sixfold.work"],
});
export const workFailures = gauge({
  name: "sixfold.work.failures",
  unit: "{step}",
  about: "Steps of background work that failed since one succeeded.",
  attributes: ["sixfold.work"],
});
export const workBytes = total({
  name: "sixfold.work.io",
  unit: "By",
  about: "Bytes that this gateway has rebuilt and moved.",
  attributes: ["sixfold.work"],
});

/**
 * Counts a call to a daemon that has ended.
 * @param began of `performance.now()`
 * @param error what it ended with; undefined where it went well
 */
export function countCall(
  operation: string,
  serverId: string,
  began: number,
  caller: AbortSignal,
  error?: SixfoldError,
): void {
  const outcome = error === undefined ? "ok" : caller.aborted ? "left" : error.code;
  const attributes = { "sixfold.operation": operation, "sixfold.outcome": outcome };
  callDuration((performance.now() - began) / 1000, attributes);
  calls(1, { ...attributes, "sixfold.server.id": serverId });
}
