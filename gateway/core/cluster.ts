/** The servers and the ring of this moment: immutable snapshots, so that a running request keeps the one it began with. */
import { Ring } from "../../shared/ring.ts";
import type { Sql } from "../db/database.ts";
import { listServers, type ServerRow } from "../db/servers.ts";

/** One moment of the cluster. */
export interface Snapshot {
  readonly servers: ReadonlyMap<string, ServerRow>;
  /** The servers that take new chunks. */
  readonly ring: Ring;
  /** How many servers are off the ring because their disk is full. */
  readonly full: number;
}

/** How old a snapshot may grow, in ms; a notification makes a new one at once. */
const REFRESH_MS = 30_000;
/** The same while a disk is full: as often as its daemon tells of its room. */
const REFRESH_FULL_MS = 10_000;

/** Keeps the newest snapshot. */
export class Cluster {
  #snapshot: Snapshot = { servers: new Map(), ring: new Ring([]), full: 0 };
  /** Servers that refused a chunk for want of room, and the heartbeat that was the newest then. */
  readonly #full = new Map<string, Date | undefined>();
  readonly #sql: Sql;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #failed: (error: unknown) => void;
  #unlisten: (() => Promise<void>) | undefined;

  private constructor(sql: Sql, failed: (error: unknown) => void) {
    this.#sql = sql;
    this.#failed = failed;
  }

  /** Reads the first snapshot and follows the changes. @param failed hears of refreshes that did not succeed */
  static async open(sql: Sql, failed: (error: unknown) => void): Promise<Cluster> {
    const cluster = new Cluster(sql, failed);
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

  /** Reads every server's row as it is now. */
  async readServers(): Promise<ServerRow[]> {
    return await listServers(this.#sql);
  }

  /** Reads a new snapshot. */
  async refresh(): Promise<void> {
    const rows = await this.readServers();
    const isFull = (row: ServerRow) => row.state === "full" || this.#isKnownFull(row);
    const full = rows.filter(isFull).length;
    const usable = rows.filter((row) => row.state === "active" && !isFull(row));
    const nodes = usable.flatMap(({ id, positions }) =>
      positions.map((position) => ({ serverId: id, position: BigInt.asUintN(64, BigInt(position)) }))
    );
    this.#snapshot = { servers: new Map(rows.map((row) => [row.id, row])), ring: new Ring(nodes), full };
  }

  /** Takes a server off the ring whose disk was full just now, until a heartbeat that is still to come says otherwise. */
  markFull(serverId: string): void {
    if (this.#full.has(serverId)) return;
    this.#full.set(serverId, undefined);
    void this.#look();
  }

  /** Refreshes now, and again when the snapshot has become old. */
  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    await this.refresh().catch(this.#failed);
    if (this.#unlisten === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), this.#snapshot.full > 0 ? REFRESH_FULL_MS : REFRESH_MS);
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
