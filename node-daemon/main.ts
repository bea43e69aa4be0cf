/** The storage daemon: reads its settings, opens its folder and its doors, registers, and stops in reverse order. */
import { SixfoldError } from "../shared/errors.ts";
import { createLogger, type Logger } from "../shared/logger.ts";
import { translateErrors } from "../shared/rpc.ts";
import { sleep } from "../shared/sleep.ts";
import { createAdmin } from "./admin.ts";
import { createLane } from "./chunk_lane.ts";
import { ChunkStore } from "./chunk_store.ts";
import { type DaemonConfig, readDaemonConfig } from "./config.ts";
import { DataFolder } from "./data_folder.ts";
import { DiskSpace } from "./disk_space.ts";
import { Registration } from "./registration.ts";
import { openDoors } from "./server.ts";
import { admission, storageRoutes } from "./storage_rpc.ts";

const VERSION = "0.1.0";
const RETRY_MS = 1000;
const GRACE_MS = 10_000;

async function run(config: DaemonConfig, stopping: AbortSignal): Promise<void> {
  const folder = await DataFolder.open(config.SIXFOLD_DATA_DIR);
  const { serverId, clusterId } = await folder.identity();
  const log = createLogger(config.SIXFOLD_LOG, (line) => process.stderr.write(line), { service: "daemon", serverId });
  const space = new DiskSpace(folder.chunks, config.reserve);
  const store = new ChunkStore(folder, space);
  const parts = { store, space, serverId, version: VERSION };
  const admit = admission(config.SIXFOLD_CLUSTER_TOKEN, serverId);
  let ready = false;
  const doors = await openDoors({
    host: config.SIXFOLD_HOST,
    grpcPort: config.SIXFOLD_GRPC_PORT,
    httpPort: config.SIXFOLD_HTTP_PORT,
    routes: storageRoutes(parts),
    interceptors: [translateErrors(log), (next) => (request) => {
      admit(request.header);
      return next(request);
    }],
    lane: createLane(parts, admit, log),
    admin: createAdmin(() => ready),
  });
  const registration = new Registration(config.DATABASE_URL, serverId);
  const addresses = {
    grpc: `${config.SIXFOLD_HOST}:${doors.grpcPort}`,
    http: `${config.SIXFOLD_HOST}:${doors.httpPort}`,
  };
  try {
    await untilDone(log, stopping, async () => {
      const found = await registration.clusterId();
      if (clusterId !== null && clusterId !== found) {
        throw new SixfoldError("failed_precondition", "this folder belongs to another cluster's database");
      }
      if (folder.fresh && await registration.ownsChunks()) {
        throw new SixfoldError("failed_precondition", "this folder is empty, but the database says it keeps chunks");
      }
      await folder.remember({ serverId, clusterId: found });
      await registration.register(addresses, config.SIXFOLD_WEIGHT, await space.read());
    });
    ready = !stopping.aborted;
    log.info("serving", addresses);
    while (!stopping.aborted) {
      await sleep(config.SIXFOLD_HEARTBEAT, stopping);
      if (!stopping.aborted) await untilDone(log, stopping, async () => registration.heartbeat(await space.read()));
    }
  } finally {
    ready = false;
    await registration.stop();
    await doors.close(GRACE_MS);
    await folder.close();
    log.info("stopped");
  }
}

/** Tries again every second while PostgreSQL is away or not migrated yet; what a person must mend is thrown. */
async function untilDone(log: Logger, stopping: AbortSignal, attempt: () => Promise<void>): Promise<void> {
  while (!stopping.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof SixfoldError && error.code === "failed_precondition") throw error;
      log.warn("PostgreSQL does not answer as it should; trying again", { error });
      await sleep(RETRY_MS, stopping);
    }
  }
}

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());
try {
  await run(readDaemonConfig((name) => process.env[name]), stop.signal);
  process.exit(0);
} catch (error) {
  console.error(error instanceof SixfoldError ? error.message : error);
  process.exit(1);
}
