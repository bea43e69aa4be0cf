/** The storage daemon: reads its settings, opens its folder and its doors, registers, and stops in reverse order. */
import { followCertificate, readAuthorities, readCertificate } from "../shared/certificate.ts";
import { showSettings } from "../shared/config.ts";
import { SixfoldError, startFailure } from "../shared/errors.ts";
import type { Logger } from "../shared/logger.ts";
import { openProcessLog } from "../shared/process_log.ts";
import { translateErrors } from "../shared/rpc.ts";
import { silenceLimit } from "../shared/silence.ts";
import { sleep } from "../shared/sleep.ts";
import { metricsText } from "../shared/telemetry_metrics.ts";
import { startTracing } from "../shared/telemetry_tracing.ts";
import { observeProcess } from "../shared/telemetry_process.ts";
import { catchUncaught } from "../shared/uncaught.ts";
import { VERSION } from "../shared/version.ts";
import { createAdmin } from "./admin.ts";
import { admission } from "./admission.ts";
import { createCallLimits } from "./call_limits.ts";
import { createLane } from "./chunk_lane.ts";
import { createGrpcLane } from "./grpc_lane.ts";
import { ChunkStore } from "./chunk_store.ts";
import { DAEMON_SETTINGS, type DaemonConfig, readDaemonConfig } from "./config.ts";
import { DatabaseMemory } from "./database_memory.ts";
import { DataFolder } from "./data_folder.ts";
import { DiskChores } from "./disk_chores.ts";
import { DiskProbe, writeProbe } from "./disk_probe.ts";
import { DiskSpace } from "./disk_space.ts";
import { observeDaemon, watchCall } from "./metrics.ts";
import { sweepQuarantine } from "./quarantine.ts";
import { yieldToIncumbent } from "./incumbent.ts";
import { type Heard, Registration } from "./registration.ts";
import { scrub, type ScrubCounts } from "./scrub.ts";
import { openDoors } from "./server.ts";
import { Standing } from "./standing.ts";
import { storageRoutes } from "./storage_rpc.ts";

const RETRY_MS = 1000;
/** How long running calls have to end; gateways place new chunks elsewhere by then. */
const GRACE_MS = 30_000;
/** How long the end waits for a disk that may hang. */
const CHORES_MS = 2000;
/** The database's state is kept at least every so many heartbeats; while chunks are stored, at each. */
const KEEP_BEATS = 60;
/** So many heartbeats lie between looks at what was set aside. */
const SWEEP_BEATS = 6;

async function run(config: DaemonConfig, plainLog: Logger, stop: AbortController): Promise<number> {
  const stopping = stop.signal;
  const folder = await DataFolder.open(config.SIXFOLD_DATA_DIR);
  const { serverId, clusterId, seen } = await folder.identity();
  const log = plainLog.with({ serverId });
  const uncaught = catchUncaught(log, () => stop.abort());
  const space = new DiskSpace(folder.chunks, config.reserve);
  const store = new ChunkStore(folder, space);
  const memory = new DatabaseMemory(seen ?? { generation: 0, beat: 0 });
  const scrubbed: ScrubCounts = { chunks: 0, bytes: 0, damaged: 0, behindSeconds: 0, progress: undefined };
  let draining = false;
  const probe = new DiskProbe(() => writeProbe(folder.probe));
  const condition = async () => ({ ...(await space.readSoon()), trouble: probe.trouble, scrub: scrubbed.progress });
  const chores = new DiskChores(log);
  // Whoever was silent for so long is off the ring, and asks who it is before it acknowledges a write.
  const silenceMs = silenceLimit(config.SIXFOLD_HEARTBEAT);
  const standing = new Standing(silenceMs, async () => {
    // Before it has registered it is nobody whose place could be taken; and a server that has said goodbye must not come
    // back on the ring by a late sign of life.
    if (ready) await hear(await registration.heartbeat(await condition(), memory.newest), cluster);
  });
  const incarnation = crypto.randomUUID();
  const parts = {
    store,
    space,
    serverId,
    incarnation,
    version: VERSION,
    memory,
    scrubbed,
    isDraining: () => draining,
    calls: createCallLimits(stopping),
    standing,
  };
  const admit = admission(config.SIXFOLD_CLUSTER_TOKEN, serverId);
  let ready = false;
  let heardAt = performance.now();
  let trouble = "the daemon is not registered with PostgreSQL yet";
  const why = () => stopping.aborted ? "the daemon stops" : ready ? undefined : trouble;
  const target = {
    "service.name": "sixfold-daemon",
    "service.instance.id": serverId,
    "service.version": VERSION,
  };
  const endTracing = await startTracing({
    service: target["service.name"],
    instance: serverId,
    read: (name) => process.env[name],
    log,
  });
  const readOwn = () => readCertificate(config.SIXFOLD_TLS_CERT_FILE, config.SIXFOLD_TLS_KEY_FILE);
  const certificate = config.tls ? await readOwn() : undefined;
  const authorities = config.tls ? await readAuthorities(config.SIXFOLD_HOP_CA_FILE) : undefined;
  const doors = await openDoors({
    certificate,
    host: config.SIXFOLD_HOST,
    grpcPort: config.SIXFOLD_GRPC_PORT,
    httpPort: config.SIXFOLD_HTTP_PORT,
    routes: storageRoutes(parts),
    interceptors: [translateErrors(log), (next) => (request) => {
      admit(request.header);
      return request.stream
        ? next(request)
        : watchCall(request.method.localName.replace("Chunk", ""), request.header, () => next(request));
    }],
    lane: createLane(parts, admit, config.tls, log),
    grpcLane: createGrpcLane(parts, admit, log),
    admin: createAdmin(why, () => metricsText(target)),
  });
  const unfollow = certificate ? followCertificate(readOwn, certificate, doors.renew, log) : () => {};
  observeProcess(uncaught);
  observeDaemon({ space, scrubbed, calls: parts.calls, isReady: () => ready, heardAt: () => heardAt });
  const registration = new Registration(config.DATABASE_URL, serverId, incarnation, silenceMs);
  const addresses = {
    grpc: `${config.SIXFOLD_HOST}:${doors.grpcPort}`,
    http: `${config.SIXFOLD_HOST}:${doors.httpPort}`,
  };
  let kept = { beat: 0, stored: 0 };
  /** What the database said is taken in, and kept in the folder when chunks were stored since, or after a while. */
  const hear = async (heard: Heard, cluster: string) => {
    const doubted = memory.doubt;
    heardAt = performance.now();
    memory.see({ generation: heard.generation, beat: heard.beat });
    draining = heard.state === "draining";
    if (memory.doubt !== undefined) {
      if (doubted === undefined) {
        log.error("nothing is removed until a person has confirmed the database", { doubt: memory.doubt });
      }
      await registration.doubt(memory.doubt, heard.generation);
    } else if (store.stored !== kept.stored || heard.beat >= kept.beat + KEEP_BEATS || kept.beat === 0) {
      const keeps = { beat: heard.beat, stored: store.stored };
      const identity = { serverId, clusterId: cluster, seen: memory.newest };
      // What a failing disk did not take is kept with the next heartbeat.
      chores.begin("server.json", () => folder.remember(identity).then(() => kept = keeps));
    }
  };
  let cluster = "";
  let scrubbing = Promise.resolve();
  const ending = new AbortController();
  const place = {
    addresses,
    weight: config.SIXFOLD_WEIGHT,
    zone: config.SIXFOLD_ZONE,
    heartbeatMs: config.SIXFOLD_HEARTBEAT,
  };
  const probing = probe.run(ending.signal, () => void standing.beat().catch(() => {}));
  try {
    const failed = (error: unknown) => trouble = `the daemon is not registered: ${SixfoldError.from(error).message}`;
    await untilDone(log, stopping, failed, async () => {
      const found = await registration.clusterId();
      if (clusterId !== null && clusterId !== found) {
        throw new SixfoldError("failed_precondition", "this folder belongs to another cluster's database");
      }
      if (folder.fresh && await registration.ownsChunks()) {
        throw new SixfoldError("failed_precondition", "this folder is empty, but the database says it keeps chunks");
      }
      const incumbent = await registration.incumbent();
      if (incumbent !== undefined) {
        await yieldToIncumbent(incumbent, { serverId, incarnation }, config.SIXFOLD_CLUSTER_TOKEN, authorities?.cert);
      }
      cluster = found;
      const heard = await registration.register(place, await condition(), memory.newest);
      await hear(heard, cluster);
    });
    ready = !stopping.aborted;
    log.info("serving", { ...addresses, version: VERSION });
    const onDamage = async (chunkId: string, reason: string) => {
      log.error("a chunk is damaged", { chunkId, reason });
      await registration.reportDamage(chunkId, reason);
    };
    const scrubUntil = AbortSignal.any([stopping, ending.signal]);
    const { SIXFOLD_SCRUB_EVERY: period, SIXFOLD_SCRUB_RATE: rate } = config;
    scrubbing = scrub({ store, placePath: folder.scrubPlace, counts: scrubbed, onDamage }, period, rate, scrubUntil)
      .catch((error) => log.error("the scrub has ended; restart the daemon", { error }));
    for (let beats = 0; !stopping.aborted; beats++) {
      await sleep(config.SIXFOLD_HEARTBEAT, stopping);
      if (stopping.aborted) break;
      await untilDone(log, stopping, () => {}, () => standing.beat());
      // In doubt nothing goes: what was set aside may be what the newer database knew.
      if (beats % SWEEP_BEATS === 0 && memory.doubt === undefined) {
        chores.begin("quarantine", () => sweepQuarantine(folder, config.SIXFOLD_QUARANTINE * 1000));
      }
    }
  } finally {
    ready = false;
    unfollow();
    ending.abort();
    await Promise.all([scrubbing, probing]);
    // The gateways are told first: from then on they place elsewhere, while what runs has its time.
    await registration.stop();
    await doors.close(GRACE_MS);
    await chores.settle(CHORES_MS);
    await folder.close();
    await endTracing();
    log.info("stopped", { uncaught: uncaught.count });
  }
  return uncaught.count > 0 ? 1 : 0;
}

const FINAL: ReadonlySet<string> = new Set(["failed_precondition", "already_exists"]);

/** Tries again every second while PostgreSQL is away or not migrated yet; what a person must mend is thrown. */
async function untilDone(
  log: Logger,
  stopping: AbortSignal,
  failed: (error: unknown) => void,
  attempt: () => Promise<void>,
): Promise<void> {
  while (!stopping.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof SixfoldError && FINAL.has(error.code)) throw error;
      failed(error);
      log.warn("PostgreSQL does not answer as it should; trying again", { error });
      await sleep(RETRY_MS, stopping);
    }
  }
}

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());
try {
  if (process.argv.includes("--print-config")) {
    process.stdout.write(showSettings(DAEMON_SETTINGS, process.env));
    process.exit(0);
  }
  const config = readDaemonConfig(process.env);
  const { log, close } = openProcessLog(config, { service: "daemon", port: config.SIXFOLD_HTTP_PORT }, {
    isTerminal: process.stderr.isTTY,
    write: (line) => process.stderr.write(line),
  });
  process.exit(await run(config, log, stop).finally(close));
} catch (error) {
  console.error(startFailure(error));
  process.exit(1);
}
