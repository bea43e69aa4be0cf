/** The gateway: reads its settings, migrates, follows the cluster, serves, and stops in reverse order. */
import { parseApiKey } from "../shared/api_key.ts";
import { newUuid } from "../shared/chunk_id.ts";
import { showSettings } from "../shared/config.ts";
import { startFailure } from "../shared/errors.ts";
import { parseLayout } from "../shared/layout.ts";
import type { Logger } from "../shared/logger.ts";
import { openProcessLog } from "../shared/process_log.ts";
import { outOfTrace } from "../shared/telemetry.ts";
import { KeptTraces } from "../shared/telemetry_kept.ts";
import { metricsText } from "../shared/telemetry_metrics.ts";
import { observeProcess } from "../shared/telemetry_process.ts";
import { startTracing } from "../shared/telemetry_tracing.ts";
import { catchUncaught } from "../shared/uncaught.ts";
import { VERSION } from "../shared/version.ts";
import { allowOrigins } from "./api/cors.ts";
import { createRpc } from "./api/connect.ts";
import { openConsole } from "./api/console.ts";
import { guard } from "./api/guard.ts";
import { isAlwaysLetIn, refuse } from "./api/refusal.ts";
import { createRest } from "./api/rest.ts";
import { createSessionCookies } from "./api/session_cookie.ts";
import { followCertificate, readAuthorities, readCertificate } from "../shared/certificate.ts";
import { GATEWAY_SETTINGS, type GatewayConfig, readGatewayConfig } from "./config.ts";
import { ChunkClient } from "./core/hop/chunk_client.ts";
import { Cluster } from "./core/cluster/cluster.ts";
import { observeCluster } from "./core/telemetry/cluster_metrics.ts";
import { DamageReports } from "./core/segments/damage.ts";
import { Endpoints } from "./core/hop/endpoints.ts";
import { HopTrust } from "./core/hop/hop_trust.ts";
import { KeyRing } from "./core/access/key_ring.ts";
import { createReadiness } from "./core/cluster/readiness.ts";
import { StripeMemory } from "./core/memory/stripe_memory.ts";
import { StripePool } from "./core/memory/stripe_pool.ts";
import { Throttle } from "./core/cluster/throttle.ts";
import { transferMemory } from "./core/memory/transfer_memory.ts";
import { WindowPool } from "./core/memory/window_pool.ts";
import { findKey, hasKeys } from "./db/api_keys.ts";
import { openDatabase } from "./db/database.ts";
import { Manifests } from "./db/manifests.ts";
import { SmallFiles } from "./db/small_files.ts";
import { migrate, readMigrations } from "./db/migrate.ts";
import { REPAIRS_CHANNEL } from "./db/repairs.ts";
import { checkExposure } from "./exposure.ts";
import { observeGateway } from "./metrics.ts";
import { createRequestWatch } from "./request_watch.ts";
import { openDoor } from "./server.ts";
import { watchAbsence } from "./workers/absence.ts";
import { cleanup } from "./workers/cleanup.ts";
import { moveChunks, planMoves } from "./workers/rebalance.ts";
import { reconcile } from "./workers/reconcile.ts";
import { repair } from "./workers/repair.ts";
import { Runner } from "./workers/runner.ts";

/** Connections for what must go on however many requests there are: readiness, the ring, and the workers. */
const UPKEEP_CONNECTIONS = 5;
const GRACE_MS = 30_000;

async function run(config: GatewayConfig, log: Logger): Promise<number> {
  const { SIXFOLD_HOP_CA_FILE: caFile } = config;
  const readCa = caFile ? () => readAuthorities(caFile) : undefined;
  const { SIXFOLD_TLS_CERT_FILE: certFile, SIXFOLD_TLS_KEY_FILE: keyFile } = config;
  const readOwn = certFile || keyFile ? () => readCertificate(certFile, keyFile) : undefined;
  const told = new AbortController();
  const uncaught = catchUncaught(log, () => told.abort());
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, () => told.abort());
  const sql = await openDatabase(config.DATABASE_URL, config.SIXFOLD_DATABASE_CONNECTIONS);
  const upkeep = await openDatabase(config.DATABASE_URL, UPKEEP_CONNECTIONS);
  await migrate(upkeep, await readMigrations(new URL("../migrations/", import.meta.url)));
  const cluster = await Cluster.open(upkeep, log);
  const authorities = await readCa?.();
  const trust = new HopTrust(authorities?.cert, config.SIXFOLD_RISK_PLAIN_TEXT);
  for (const { httpAddress } of cluster.now.servers.values()) trust.check(httpAddress);
  const layout = parseLayout(config.SIXFOLD_LAYOUT);
  const memory = new StripeMemory(layout, config.SIXFOLD_BLOCK_SIZE, transferMemory(config.SIXFOLD_MEMORY));
  const store = {
    sql,
    manifests: new Manifests(sql),
    small: new SmallFiles(sql),
    cluster,
    client: new ChunkClient(
      config.SIXFOLD_HOP,
      config.SIXFOLD_CLUSTER_TOKEN,
      trust,
      new Endpoints(config.SIXFOLD_HOP_NETWORKS),
      layout.m,
      log,
    ),
    damage: new DamageReports(upkeep, log),
    pool: new StripePool(memory.uploads),
    windows: new WindowPool(memory.downloads),
    inlineMax: config.SIXFOLD_INLINE_MAX,
    maxFile: config.SIXFOLD_MAX_FILE,
    graceSeconds: config.SIXFOLD_GRACE,
    sessionSeconds: config.SIXFOLD_SESSION_TTL,
  };
  const background = new Runner(log);
  const upkeepStore = { ...store, sql: upkeep, log };
  background.start(cleanup(upkeepStore, config.SIXFOLD_CLEANUP_EVERY));
  const repairing = new Throttle(config.SIXFOLD_REPAIR_RATE);
  const moving = new Throttle(config.SIXFOLD_REBALANCE_RATE);
  background.start(repair({ ...upkeepStore, throttle: repairing }));
  background.start(planMoves({ ...upkeepStore, throttle: moving }, config.SIXFOLD_REBALANCE === "auto"));
  background.start(moveChunks({ ...upkeepStore, throttle: moving }));
  background.start(watchAbsence({ sql: upkeep, log, afterSeconds: config.SIXFOLD_REPAIR_AFTER }));
  background.start(reconcile({ ...upkeepStore, everySeconds: config.SIXFOLD_RECONCILE_EVERY }));
  const repairs = await upkeep.listen(REPAIRS_CHANNEL, () => background.wake("repair"));
  const kept = config.SIXFOLD_KEPT_REQUESTS > 0 ? new KeptTraces(config.SIXFOLD_KEPT_REQUESTS) : undefined;
  const target = {
    "service.name": "sixfold-gateway",
    "service.instance.id": newUuid(),
    "service.version": VERSION,
  };
  const readiness = createReadiness(cluster, layout, () => told.signal.aborted);
  const endTracing = await startTracing({
    service: target["service.name"],
    instance: target["service.instance.id"],
    read: (name) => Deno.env.get(name),
    log,
    ...(kept && { keep: kept }),
  });
  const ring = new KeyRing({
    find: (id) => outOfTrace(() => findKey(upkeep, id)),
    exists: () => outOfTrace(() => hasKeys(upkeep)),
    adminKey: parseApiKey(config.SIXFOLD_ADMIN_KEY),
    rate: config.SIXFOLD_KEY_RATE,
    now: () => performance.now(),
  });
  checkExposure({
    host: config.SIXFOLD_HOST,
    tls: readOwn !== undefined,
    keys: await ring.inUse(),
    riskNoKeys: config.SIXFOLD_RISK_NO_KEYS,
    riskPlainText: config.SIXFOLD_RISK_PLAIN_TEXT,
  });
  const rest = createRest(store, { readiness, metrics: () => metricsText(target), kept }, log);
  const rpc = createRpc(
    store,
    { sql: upkeep, cluster, layout, repairing, moving, stopping: told.signal, work: () => background.statuses },
    { sql: upkeep, ring },
    kept,
    log,
  );
  const page = await openConsole(new URL("./", import.meta.url));
  const cookies = createSessionCookies(config.SIXFOLD_CLUSTER_TOKEN);
  const answer = async (request: Request) => await (rpc.handle(request) ?? page(request) ?? rest.handle(request));
  const certificate = await readOwn?.();
  const door = await openDoor({
    host: config.SIXFOLD_HOST,
    port: config.SIXFOLD_PORT,
    certificate,
    handler: allowOrigins(config.SIXFOLD_CORS_ORIGINS, guard(ring, cookies, answer, log)),
    refuse,
    always: isAlwaysLetIn,
    most: config.SIXFOLD_MAX_REQUESTS,
    watch: createRequestWatch(kept),
    // Slow readers give their memory back when others need it: to cut them off would help nobody.
    crowds: { uploads: () => store.pool.crowded, downloads: () => false },
    log,
  });
  const unfollow = readOwn && certificate ? followCertificate(readOwn, certificate, door.renew, log) : () => {};
  const untrust = readCa && authorities
    ? followCertificate(readCa, authorities, ({ cert }) => trust.renew(cert), log)
    : () => {};
  observeProcess(uncaught);
  observeCluster(upkeep, cluster);
  observeGateway({
    store,
    databases: { requests: sql, upkeep },
    runner: background,
    throttles: { repair: repairing, move: moving },
    door: () => door.load(),
  });
  const address = `${certificate ? "https" : "http"}://${config.SIXFOLD_HOST}:${door.port}`;
  log.info("serving", { address, version: VERSION });
  await aborted(told.signal);
  log.info("stopping: running requests have their time, new ones are refused");
  unfollow();
  untrust();
  await door.close(GRACE_MS);
  await background.stop();
  await repairs.unlisten();
  await cluster.close();
  await Promise.all([sql.end(), upkeep.end()]);
  await endTracing();
  log.info("stopped", { uncaught: uncaught.count });
  return uncaught.count > 0 ? 1 : 0;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

try {
  if (Deno.args.includes("--print-config")) {
    Deno.stdout.writeSync(new TextEncoder().encode(showSettings(GATEWAY_SETTINGS, Deno.env.toObject())));
    Deno.exit(0);
  }
  const config = readGatewayConfig(Deno.env.toObject());
  const encoder = new TextEncoder();
  const { log, close } = openProcessLog(config, { service: "gateway", port: config.SIXFOLD_PORT }, {
    isTerminal: Deno.stderr.isTerminal(),
    write: (line) => void Deno.stderr.writeSync(encoder.encode(line)),
  });
  Deno.exit(await run(config, log).finally(close));
} catch (error) {
  console.error(startFailure(error));
  Deno.exit(1);
}
