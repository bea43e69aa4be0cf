/** What Prometheus reads of the whole cluster. Every gateway tells the same: take the maximum, and not the sum. */
import { gauge, observe } from "../../../shared/telemetry_metrics.ts";
import { within } from "../../../shared/within.ts";
import { type ClusterFigures, readFigures, SERVER_STATES } from "../../db/cluster_figures.ts";
import type { Sql } from "../../db/database.ts";
import type { Cluster } from "../cluster/cluster.ts";

const servers = gauge({
  name: "sixfold.servers",
  unit: "{server}",
  about: "Servers by state.",
  attributes: ["sixfold.state"],
});
const serverUp = gauge({
  name: "sixfold.server.up",
  unit: "{server}",
  about: "1 for a server whose heartbeats come, 0 for one that is away.",
  attributes: ["sixfold.server.id"],
});
const heartbeatAge = gauge({
  name: "sixfold.server.heartbeat.age",
  unit: "s",
  about: "Time since a server's last heartbeat, by PostgreSQL's clock.",
  attributes: ["sixfold.server.id"],
});
const free = gauge({
  name: "sixfold.server.disk.free",
  unit: "By",
  about: "Free space on a server's disk.",
  attributes: ["sixfold.server.id"],
});
const used = gauge({
  name: "sixfold.server.disk.used",
  unit: "By",
  about: "Used space on a server's disk.",
  attributes: ["sixfold.server.id"],
});
const ringServers = gauge({
  name: "sixfold.ring.servers",
  unit: "{server}",
  about: "Servers on the ring that this gateway uses now.",
});
const ringVersion = gauge({
  name: "sixfold.ring.version",
  unit: "{version}",
  about: "A number that is another one after each change of the ring, and the same on all gateways that use the same.",
});
const files = gauge({
  name: "sixfold.redundancy.files",
  unit: "{file}",
  about: "Files that lack chunks, by how many their worst segment lacks.",
  attributes: ["sixfold.missing"],
});
const lost = gauge({
  name: "sixfold.redundancy.lost",
  unit: "{file}",
  about: "Files of which a segment lacks more chunks than it may.",
});
const repairs = gauge({
  name: "sixfold.repairs",
  unit: "{chunk}",
  about: "Chunks that have to be rebuilt, by state.",
  attributes: ["sixfold.state"],
});
const repairBytes = gauge({
  name: "sixfold.repairs.left",
  unit: "By",
  about: "Bytes that have to be rebuilt, parked repairs left out.",
});
const garbage = gauge({
  name: "sixfold.garbage",
  unit: "{chunk}",
  about: "Chunks, and writers with all their chunks, that are to leave the disks.",
});
const garbageOverdue = gauge({
  name: "sixfold.garbage.overdue",
  unit: "s",
  about: "How long the oldest garbage has been due.",
});
const sessions = gauge({ name: "sixfold.sessions", unit: "{session}", about: "Open uploads in parts." });
const intents = gauge({
  name: "sixfold.intents",
  unit: "{upload}",
  about: "Uploads, repairs and moves on their way to a commit.",
});
const doubted = gauge({
  name: "sixfold.database.doubted",
  unit: "{database}",
  about: "1 while the database is older than a server has seen, and a person must confirm it.",
});

/** Figures are read again after so many ms: several that look at once cost the database no more than one. */
const FRESH_MS = 5000;
const LIMIT_MS = 2000;

/** Tells of the cluster from now on. */
export function observeCluster(sql: Sql, cluster: Cluster): void {
  let readAt = -Infinity;
  let reading: Promise<ClusterFigures> | undefined;
  const figures = async () => {
    if (performance.now() - readAt > FRESH_MS) {
      readAt = performance.now();
      reading = readFigures(sql);
      reading.catch(() => readAt = -Infinity);
    }
    return await within(LIMIT_MS, reading ?? readFigures(sql), "PostgreSQL does not answer in time");
  };
  observe([ringServers, ringVersion], (tell) => {
    const { ring } = cluster.now;
    tell(ringServers, ring.servers);
    tell(ringVersion, ring.version);
  });
  observe([servers, serverUp, heartbeatAge, free, used], async (tell) => {
    const rows = await within(LIMIT_MS, cluster.readServers(), "PostgreSQL does not answer in time");
    for (const state of SERVER_STATES) {
      tell(servers, rows.filter((row) => row.state === state).length, { "sixfold.state": state });
    }
    for (const { id, state, heartbeatAgeMs, freeBytes, usedBytes } of rows) {
      const server = { "sixfold.server.id": id };
      tell(serverUp, state === "inactive" || state === "stopped" ? 0 : 1, server);
      tell(heartbeatAge, heartbeatAgeMs / 1000, server);
      tell(free, freeBytes, server);
      tell(used, usedBytes, server);
    }
  });
  observe([files, lost, repairs, repairBytes, garbage, garbageOverdue, sessions, intents, doubted], async (tell) => {
    const now = await figures();
    for (const { missing, count } of now.lacking) tell(files, count, { "sixfold.missing": String(missing) });
    tell(lost, now.lost);
    const { bytesLeft, ...counts } = now.repairs;
    for (const [state, count] of Object.entries(counts)) tell(repairs, count, { "sixfold.state": state });
    tell(repairBytes, bytesLeft);
    tell(garbage, now.garbage);
    tell(garbageOverdue, now.garbageOverdueSeconds);
    tell(sessions, now.sessions);
    tell(intents, now.intents);
    tell(doubted, now.doubted ? 1 : 0);
  });
}
