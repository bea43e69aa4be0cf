/** The servers and the ring of this moment: immutable snapshots, so that a running request keeps the one it began with. */
import type { Logger } from "../../../shared/logger.ts";
import { Ring } from "../../../shared/ring.ts";
import type { Sql } from "../../db/database.ts";
import { listServers, type ServerRow } from "../../db/servers.ts";
import { isGone, reasonOf } from "./liveness.ts";
import { spreadOverZones } from "./placement.ts";
import { Steadiness } from "./steadiness.ts";

/** One moment of the cluster. */
export interface Snapshot {
  readonly servers: ReadonlyMap<string, ServerRow>;
  /** The servers that take new chunks. */
  readonly ring: Ring;
}

/** The servers of a ring for a segment at its place there: the first ones first, over all zones. */
export function serversAt(ring: Ring, servers: ReadonlyMap<string, ServerRow>, position: bigint): string[] {
  return spreadOverZones(ring.successors(position, ring.servers), (id) => servers.get(id)?.zone ?? "");
}

/**
 * How old a snapshot may grow, in ms; a notification makes a new one at once. It is also how often PostgreSQL is seen to
 * answer, and so a server whose heartbeats have ended is off the ring five seconds after the last moment it was given.
 */
const REFRESH_MS = 5000;

/** Keeps the newest snapshot. While PostgreSQL is away, that is the last one. */
export class Cluster {
  #snapshot: Snapshot = { servers: new Map(), ring: new Ring([]) };
  /** Servers that refused a chunk for want of room, and the heartbeat that was the newest then. */
  readonly #full = new Map<string, Date | undefined>();
  readonly #sql: Sql;
  readonly #log: Logger;
  readonly #answering = new Steadiness();
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unlisten: (() => Promise<void>) | undefined;

  private constructor(sql: Sql, log: Logger) {
    this.#sql = sql;
    this.#log = log;
  }

  /** Reads the first snapshot and follows the changes. */
  static async open(sql: Sql, log: Logger): Promise<Cluster> {
    const cluster = new Cluster(sql, log);
    const { unlisten } = await sql.listen("sixfold_servers", () => void cluster.#look());
    cluster.#unlisten = unlisten;
    await cluster.refresh();
    void cluster.#look();
    return cluster;
  }

  /** The newest snapshot. */
  get now(): Snapshot {
    return this.#snapshot;
  }

  /** Reads every server's row, with its state as it is now. */
  async readServers(): Promise<ServerRow[]> {
    const rows = await this.#answering.note(() => listServers(this.#sql));
    // The answer that has just come counts: one that came late says that PostgreSQL was away.
    const { ms } = this.#answering;
    return rows.map((row) => {
      if (isGone(row, ms)) return { ...row, state: "inactive" };
      return row.state === "active" && this.#isKnownFull(row) ? { ...row, state: "full" } : row;
    });
  }

  /** Reads a snapshot that is no older than this call. One is read at a time: an older one never replaces a newer one. */
  refresh(): Promise<void> {
    return this.#next ??= this.#refresh();
  }

  async #refresh(): Promise<void> {
    await this.#reading?.catch(() => {});
    this.#next = undefined;
    this.#reading = this.#read();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const rows = await this.readServers();
    const nodes = rows.filter(({ state }) => state === "active").flatMap(({ id, positions }) =>
      positions.map((position) => ({ serverId: id, position: BigInt.asUintN(64, BigInt(position)) }))
    );
    const before = this.#snapshot;
    this.#snapshot = { servers: new Map(rows.map((row) => [row.id, row])), ring: new Ring(nodes) };
    this.#tell(before);
  }

  /** Takes a server off the ring whose disk refused a chunk, until a heartbeat that is still to come says otherwise. */
  markFull(serverId: string): void {
    if (this.#full.has(serverId)) return;
    this.#full.set(serverId, undefined);
    void this.#look();
  }

  /** Says what has changed since the snapshot before, and why. */
  #tell(before: Snapshot): void {
    for (const row of this.#snapshot.servers.values()) {
      const { id, state, incarnation, httpAddress } = row;
      const old = before.servers.get(id);
      if (old?.state === state && old.incarnation === incarnation) continue;
      // That servers are well is no news to a gateway that has just begun.
      if (old === undefined && before.servers.size === 0 && state === "active") continue;
      const fields = { serverId: id, address: httpAddress, from: old?.state ?? "unknown", reason: reasonOf(row) };
      if (state === "inactive" || state === "full") this.#log.warn(`a server is ${state} now`, fields);
      else this.#log.info(`a server is ${state} now`, fields);
    }
    for (const id of before.servers.keys()) {
      if (!this.#snapshot.servers.has(id)) this.#log.info("a server was removed", { serverId: id });
    }
  }

  /** Refreshes now, and again when the snapshot has become old. */
  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    await this.refresh().catch((error) => this.#log.warn("the servers could not be read", { error }));
    if (this.#unlisten === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), REFRESH_MS);
  }

  #isKnownFull({ id, lastHeartbeat }: ServerRow): boolean {
    if (!this.#full.has(id)) return false;
    const since = this.#full.get(id) ?? lastHeartbeat;
    this.#full.set(id, since);
    if (lastHeartbeat <= since) return true;
    this.#full.delete(id);
    return false;
  }

  /** Stops following. */
  async close(): Promise<void> {
    const unlisten = this.#unlisten;
    this.#unlisten = undefined;
    clearTimeout(this.#timer);
    await unlisten?.();
  }
}
