/** The daemon's row in PostgreSQL: who it is, where it listens, its places on the ring, and that it lives. */
import { SixfoldError } from "../shared/errors.ts";
import { type PostgresConnection, PostgresServer } from "../shared/postgres_server.ts";
import type { Statement } from "../shared/postgres_statement.ts";
import { virtualNodes } from "../shared/ring.ts";
import type { ScrubProgress } from "../shared/scrub_turns.ts";
import type { DatabaseMark } from "./database_memory.ts";
import type { Space } from "./disk_space.ts";

/** What the database says when it is told that a server lives. */
export interface Heard extends DatabaseMark {
  readonly state: string;
}

/** Where gateways reach a daemon: `host:port` each. */
export interface Addresses {
  readonly grpc: string;
  readonly http: string;
}

/** What a daemon tells of itself once. */
export interface Place {
  readonly addresses: Addresses;
  readonly weight: number;
  /** Empty for nowhere in particular. */
  readonly zone: string;
  readonly heartbeatMs: number;
}

/** What it tells with every heartbeat. */
export interface Condition extends Space {
  /** Why the disk takes no writes, in words; empty when it does. */
  readonly trouble: string;
  /** How far the scrub has come; undefined before it has begun. */
  readonly scrub: ScrubProgress | undefined;
}

/** A server with too little room, or with a disk that takes no writes, takes no chunks. */
function stateOf({ free, reserve, trouble }: Condition): "active" | "full" {
  return free < reserve || trouble !== "" ? "full" : "active";
}

/** How long one statement may take, in ms. */
const STATEMENT_MS = 5000;

/** One life of one server, as PostgreSQL sees it. */
export class Registration {
  readonly #server: PostgresServer;
  readonly #serverId: string;
  readonly #incarnation: string;
  readonly #silenceMs: number;
  #connection: PostgresConnection | undefined;
  #connecting: Promise<PostgresConnection> | undefined;
  #toldTrouble = "";

  /**
   * @param incarnation of this process alone: when another one registers the same server, this one's heartbeats find no row
   * @param silenceMs after so long without a heartbeat it counts as gone, and begins anew with the next one
   */
  constructor(databaseUrl: string, serverId: string, incarnation: string, silenceMs: number) {
    this.#serverId = serverId;
    this.#incarnation = incarnation;
    this.#silenceMs = silenceMs;
    this.#server = new PostgresServer(databaseUrl, { application: "sixfold-daemon", statementMs: STATEMENT_MS });
  }

  /** The id of the cluster that the database belongs to. */
  async clusterId(): Promise<string> {
    const { statement: sql } = await this.#connect();
    const [row] = await sql<{ id: string }[]>`SELECT id FROM cluster`;
    if (row === undefined) throw new SixfoldError("failed_precondition", "the database names no cluster; migrate it");
    return row.id;
  }

  /** Whether the database says that this server keeps chunks. */
  async ownsChunks(): Promise<boolean> {
    const { statement: sql } = await this.#connect();
    const [row] = await sql<{ owns: boolean }[]>`
      SELECT EXISTS (SELECT FROM chunks WHERE server_id = ${this.#serverId}) AS owns`;
    return row?.owns ?? false;
  }

  /** Where the process listens that has this server's place; undefined when nobody has it, or has stopped in an orderly way. */
  async incumbent(): Promise<string | undefined> {
    const { statement: sql } = await this.#connect();
    const [row] = await sql<{ http_address: string }[]>`
      SELECT http_address FROM storage_servers WHERE id = ${this.#serverId} AND state NOT IN ('stopped', 'removed')`;
    return row?.http_address;
  }

  /**
   * Puts the server and its virtual nodes on record, in one transaction, and tells the gateways. A node's place follows
   * from its number: another weight than before takes nodes away at the end, or adds some.
   */
  async register(
    { addresses, weight, zone, heartbeatMs }: Place,
    condition: Condition,
    seen: DatabaseMark,
  ): Promise<Heard> {
    const { free, used, trouble } = condition;
    const state = stateOf(condition);
    // Unsigned positions are kept as PostgreSQL's signed bigint.
    const nodes = virtualNodes(this.#serverId, weight);
    const numbers = nodes.map((_, n) => n);
    const positions = nodes.map((node) => String(BigInt.asIntN(64, node.position)));
    const connection = await this.#connect();
    return await connection.transaction(async (tx) => {
      const heard = await tx<Heard[]>`
        INSERT INTO storage_servers (id, incarnation, grpc_address, http_address, state, disk_trouble, weight, zone,
          heartbeat_ms, free_bytes, used_bytes)
        VALUES (${this.#serverId}, ${this.#incarnation}, ${addresses.grpc}, ${addresses.http}, ${state}, ${trouble},
                ${weight}, ${zone}, ${heartbeatMs}, ${free}, ${used})
        ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, grpc_address = excluded.grpc_address,
          http_address = excluded.http_address, weight = excluded.weight, zone = excluded.zone, heartbeat_ms = excluded.heartbeat_ms,
          disk_trouble = excluded.disk_trouble, free_bytes = excluded.free_bytes, used_bytes = excluded.used_bytes,
          state = CASE WHEN storage_servers.state IN ('draining', 'removed') THEN storage_servers.state ELSE excluded.state END,
          last_heartbeat = now(), joined_at = now(), beat = ${nextBeat(tx, seen)}
        RETURNING beat, state, (SELECT generation FROM cluster) AS generation`;
      if (heard[0]?.state === "removed") throw removed();
      await tx`DELETE FROM hash_ring_nodes WHERE server_id = ${this.#serverId} AND node >= ${nodes.length}`;
      await tx`
        INSERT INTO hash_ring_nodes (server_id, node, position)
        SELECT ${this.#serverId}, node, position
        FROM unnest(${numbers}::int[], ${positions}::bigint[]) AS n (node, position)
        ON CONFLICT DO NOTHING`;
      await tx`SELECT pg_notify('sixfold_servers', '')`;
      return heardOf(heard);
    });
  }

  /**
   * Says that the server lives.
   * @throws SixfoldError `failed_precondition` when another process has taken the server over
   */
  async heartbeat(condition: Condition, seen: DatabaseMark): Promise<Heard> {
    const { free, used, trouble, scrub } = condition;
    const state = stateOf(condition);
    const { statement: sql } = await this.#connect();
    const rows = await sql<Heard[]>`
      UPDATE storage_servers SET last_heartbeat = now(), beat = ${nextBeat(sql, seen)},
        joined_at = CASE WHEN last_heartbeat < now() - make_interval(secs => ${
      this.#silenceMs / 1000
    }) THEN now() ELSE joined_at END,
        free_bytes = ${free}, used_bytes = ${used}, disk_trouble = ${trouble},
        scrub = coalesce(${scrub === undefined ? null : sql.json({ ...scrub })}::jsonb, scrub),
        state = CASE WHEN state IN ('draining', 'removed') THEN state ELSE ${state} END
      WHERE id = ${this.#serverId} AND incarnation = ${this.#incarnation}
      RETURNING beat, state, (SELECT generation FROM cluster) AS generation`;
    if (rows.length === 0) {
      throw new SixfoldError(
        "failed_precondition",
        "another daemon has registered with this one's id; stop one of them",
      );
    }
    if (rows[0]?.state === "removed") throw removed();
    // Gateways look by themselves every few seconds; a change of state is told at once.
    if (this.#toldTrouble !== trouble) await sql`SELECT pg_notify('sixfold_servers', '')`;
    this.#toldTrouble = trouble;
    return heardOf(rows);
  }

  /** Says that the database is older than what this server has seen: whatever would remove chunks waits for a person. */
  async doubt(reason: string, generation: number): Promise<void> {
    const { statement: sql } = await this.#connect();
    // A person may have confirmed it since the heartbeat: what was confirmed is not doubted again.
    await sql`UPDATE cluster SET doubt = ${reason} WHERE doubt IS NULL AND generation = ${generation}`;
  }

  /** Queues a chunk of this server for repair that was found damaged. */
  async reportDamage(chunkId: string, reason: string): Promise<void> {
    const { statement: sql } = await this.#connect();
    await sql`
      INSERT INTO repairs (file_id, segment, index, reason)
      SELECT file_id, segment, index, ${reason} FROM chunks WHERE chunk_id = ${chunkId} AND server_id = ${this.#serverId}
      ON CONFLICT (file_id, segment, index) DO UPDATE SET reason = excluded.reason, gone_server = NULL`;
    await sql`SELECT pg_notify('sixfold_repairs', '')`;
  }

  /** Says that the server stops in an orderly way, and closes the connection. Its rows stay. */
  async stop(): Promise<void> {
    try {
      const connection = await this.#connect();
      await connection.transaction(async (tx) => {
        await tx`
          UPDATE storage_servers SET state = CASE WHEN state IN ('draining', 'removed') THEN state ELSE 'stopped' END
          WHERE id = ${this.#serverId} AND incarnation = ${this.#incarnation}`;
        await tx`SELECT pg_notify('sixfold_servers', '')`;
      });
    } catch {
      // PostgreSQL is away: the missing heartbeats will tell.
    }
    await this.#connection?.end();
  }

  async #connect(): Promise<PostgresConnection> {
    if (this.#connection?.alive) return this.#connection;
    return this.#connection =
      await (this.#connecting ??= this.#server.connect().finally(() => this.#connecting = undefined));
  }
}

/**
 * The number of this heartbeat. It stands still while the database is older than what was seen: it must not grow past
 * that, and be believed again.
 */
function nextBeat(sql: Statement, { generation, beat }: DatabaseMark) {
  return sql`
    CASE WHEN (SELECT generation FROM cluster) <= ${generation} AND storage_servers.beat < ${beat}
    THEN storage_servers.beat ELSE storage_servers.beat + 1 END`;
}

function heardOf([row]: readonly Heard[]): Heard {
  if (row === undefined) throw new SixfoldError("unavailable", "the database did not answer a heartbeat; try again");
  return { state: row.state, generation: Number(row.generation), beat: Number(row.beat) };
}

function removed(): SixfoldError {
  return new SixfoldError(
    "failed_precondition",
    "this server was removed from the cluster; to use the disk again, give the daemon an empty folder",
  );
}
