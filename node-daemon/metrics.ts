/** What a daemon counts. docs/observability.md lists all of it. */
import { SixfoldError } from "../shared/errors.ts";
import { type OpenSpan, openTrace } from "../shared/telemetry.ts";
import { counter, gauge, histogram, observe, total } from "../shared/telemetry_metrics.ts";

const callDuration = histogram({
  name: "sixfold.daemon.call.duration",
  unit: "s",
  about: "Time of a call, from its head to its answer.",
  attributes: ["sixfold.operation", "sixfold.outcome"],
});
const io = counter({
  name: "sixfold.daemon.io",
  unit: "By",
  about: "Bytes of chunks that were stored and sent.",
  attributes: ["sixfold.operation"],
}, [{ "sixfold.operation": "put" }, { "sixfold.operation": "get" }]);
const writeDuration = histogram({
  name: "sixfold.disk.write.duration",
  unit: "s",
  about: "Time that a chunk spent in write calls.",
});
const fsyncDuration = histogram({
  name: "sixfold.disk.fsync.duration",
  unit: "s",
  about: "Time of a chunk's fsync.",
});
const active = gauge({
  name: "sixfold.daemon.calls.active",
  unit: "{call}",
  about: "Chunks that are being stored, and windows that are being sent.",
  attributes: ["sixfold.operation"],
});
const waiting = gauge({
  name: "sixfold.daemon.calls.waiting",
  unit: "{call}",
  about: "Calls that wait for their turn.",
  attributes: ["sixfold.operation"],
});
const free = gauge({ name: "sixfold.disk.free", unit: "By", about: "Free space on the disk." });
const used = gauge({ name: "sixfold.disk.used", unit: "By", about: "Used space on the disk." });
const reserve = gauge({ name: "sixfold.disk.reserve", unit: "By", about: "Free space below which nothing is stored." });
const scrubChunks = total({ name: "sixfold.scrub.chunks", unit: "{chunk}", about: "Chunks re-read and verified." });
const scrubBytes = total({ name: "sixfold.scrub.io", unit: "By", about: "Bytes re-read and verified." });
const scrubDamaged = total({ name: "sixfold.scrub.damaged", unit: "{chunk}", about: "Chunks found damaged by that." });
const scrubBehind = gauge({
  name: "sixfold.scrub.behind",
  unit: "s",
  about: "How far the scrub is behind its time: every chunk was verified within its period and this.",
});
const ready = gauge({
  name: "sixfold.daemon.ready",
  unit: "{daemon}",
  about: "1 while the daemon is registered and serves.",
});
const heartbeatAge = gauge({
  name: "sixfold.daemon.heartbeat.age",
  unit: "s",
  about: "Time since PostgreSQL last took a heartbeat.",
});

/** What of a daemon is asked when Prometheus looks. */
export interface Observable {
  readonly space: { read(): Promise<{ readonly free: number; readonly used: number; readonly reserve: number }> };
  readonly scrubbed: {
    readonly chunks: number;
    readonly bytes: number;
    readonly damaged: number;
    readonly behindSeconds: number;
  };
  readonly calls: Readonly<Record<"puts" | "get", { readonly inside: number; readonly waiting: number }>>;
  readonly isReady: () => boolean;
  /** When PostgreSQL last took a heartbeat, of `performance.now()`. */
  readonly heardAt: () => number;
}

/** Tells of a daemon from now on. */
export function observeDaemon({ space, scrubbed, calls, isReady, heardAt }: Observable): void {
  observe([active, waiting], (tell) => {
    for (const [operation, { inside, waiting: line }] of Object.entries({ put: calls.puts, get: calls.get })) {
      tell(active, inside, { "sixfold.operation": operation });
      tell(waiting, line, { "sixfold.operation": operation });
    }
  });
  observe([free, used, reserve], async (tell) => {
    const now = await space.read();
    tell(free, now.free);
    tell(used, now.used);
    tell(reserve, now.reserve);
  });
  observe([scrubChunks, scrubBytes, scrubDamaged, scrubBehind, ready, heartbeatAge], (tell) => {
    tell(scrubChunks, scrubbed.chunks);
    tell(scrubBytes, scrubbed.bytes);
    tell(scrubDamaged, scrubbed.damaged);
    tell(scrubBehind, scrubbed.behindSeconds);
    tell(ready, isReady() ? 1 : 0);
    tell(heartbeatAge, (performance.now() - heardAt()) / 1000);
  });
}

/** Counts a call and follows it, as a part of its caller's trace, while it is done. */
export async function watchCall<T>(operation: string, headers: Headers, work: () => Promise<T>): Promise<T> {
  const call = beginCall(operation, headers);
  try {
    const answer = await call.run(work);
    call.end();
    return answer;
  } catch (error) {
    call.end(error);
    throw error;
  }
}

/** The same, for a call that is not one function. End it. */
export function beginCall(operation: string, headers: Headers): Pick<OpenSpan, "run" | "end"> {
  const began = performance.now();
  const span = openTrace(`chunk.${operation}`, { kind: "server", header: (name) => headers.get(name) });
  return {
    run: span.run,
    end(error) {
      const outcome = error === undefined ? "ok" : SixfoldError.from(error).code;
      callDuration((performance.now() - began) / 1000, { "sixfold.operation": operation, "sixfold.outcome": outcome });
      span.end(error);
    },
  };
}

/** Counts a chunk that is durable. */
export function countStored(length: number, writeMicros: number, syncMicros: number): void {
  io(length, { "sixfold.operation": "put" });
  writeDuration(writeMicros / 1e6);
  fsyncDuration(syncMicros / 1e6);
}

/** Counts bytes that are sent. */
export function countSent(length: number): void {
  io(length, { "sixfold.operation": "get" });
}
