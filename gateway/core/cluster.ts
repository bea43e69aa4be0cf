/** The servers and the ring of this moment: immutable snapshots, so that a running request keeps the one it began with. */
import { Ring } from "../../shared/ring.ts";
import type { Sql } from "../db/database.ts";
import { listServers, type ServerRow } from "../db/servers.ts";

/** One moment of the cluster. */
export interface Snapshot {
  readonly servers: ReadonlyMap<string, ServerRow>;
  /** The servers that take new chunks. */
  readonly ring: Ring;
}

/** How old a snapshot may grow, in ms; a notification makes a new one at once. */
const REFRESH_MS = 30_000;

/** Keeps the newest snapshot. */
export class Cluster {
  #snapshot: Snapshot = { servers: new Map(), ring: new Ring([]) };
  readonly #sql: Sql;
  #timer: ReturnType<typeof setInterval> | undefined;
  #unlisten: (() => Promise<void>) | undefined;

  private constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Reads the first snapshot and follows the changes. @param failed hears of refreshes that did not succeed */
  static async open(sql: Sql, failed: (error: unknown) => void): Promise<Cluster> {
    const cluster = new Cluster(sql);
    const refresh = () => void cluster.refresh().catch(failed);
    const { unlisten } = await sql.listen("sixfold_servers", refresh);
    cluster.#unlisten = unlisten;
    cluster.#timer = setInterval(refresh, REFRESH_MS);
    await cluster.refresh();
    return cluster;
  }

  /** The newest snapshot. */
  get now(): Snapshot {
    return this.#snapshot;
  }

  /** Reads every server's row as it is now. */
  async readServers(): Promise<ServerRow[]> {
    return await listServers(this.#sql);
  }

  /** Reads a new snapshot. */
  async refresh(): Promise<void> {
    const rows = await this.readServers();
    const nodes = rows.filter(({ state }) => state === "active").flatMap(({ id, positions }) =>
      positions.map((position) => ({ serverId: id, position: BigInt.asUintN(64, BigInt(position)) }))
    );
    this.#snapshot = { servers: new Map(rows.map((row) => [row.id, row])), ring: new Ring(nodes) };
  }

  /** Stops following. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#unlisten?.();
  }
}
