/** The daemon's row in PostgreSQL: who it is, where it listens, its places on the ring, and that it lives. */
import { SixfoldError } from "../shared/errors.ts";
import { type PostgresConnection, PostgresServer } from "../shared/postgres_server.ts";
import { virtualNodes } from "../shared/ring.ts";
import type { Space } from "./disk_space.ts";

/** Where gateways reach a daemon: `host:port` each. */
export interface Addresses {
  readonly grpc: string;
  readonly http: string;
}

/** How long one statement may take, in ms. */
const STATEMENT_MS = 5000;

/** One life of one server, as PostgreSQL sees it. */
export class Registration {
  readonly #server: PostgresServer;
  readonly #serverId: string;
  /** Another process that registers the same server takes over: this one's heartbeats then find no row. */
  readonly #incarnation = crypto.randomUUID();
  #connection: PostgresConnection | undefined;

  constructor(databaseUrl: string, serverId: string) {
    this.#serverId = serverId;
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

  /**
   * Puts the server and its virtual nodes on record, in one transaction, and tells the gateways. A node's place follows
   * from its number: another weight than before takes nodes away at the end, or adds some.
   */
  async register(addresses: Addresses, weight: number, { free, used, reserve }: Space): Promise<void> {
    const state = free < reserve ? "full" : "active";
    // Unsigned positions are kept as PostgreSQL's signed bigint.
    const nodes = virtualNodes(this.#serverId, weight);
    const numbers = nodes.map((_, n) => n);
    const positions = nodes.map((node) => String(BigInt.asIntN(64, node.position)));
    const connection = await this.#connect();
    await connection.transaction(async (tx) => {
      await tx`
        INSERT INTO storage_servers (id, incarnation, grpc_address, http_address, state, weight, free_bytes, used_bytes)
        VALUES (${this.#serverId}, ${this.#incarnation}, ${addresses.grpc}, ${addresses.http}, ${state}, ${weight},
                ${free}, ${used})
        ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, grpc_address = excluded.grpc_address,
          http_address = excluded.http_address, weight = excluded.weight, free_bytes = excluded.free_bytes, used_bytes = excluded.used_bytes,
          state = CASE storage_servers.state WHEN 'draining' THEN 'draining' ELSE excluded.state END,
          last_heartbeat = now(), joined_at = now()`;
      await tx`DELETE FROM hash_ring_nodes WHERE server_id = ${this.#serverId} AND node >= ${nodes.length}`;
      await tx`
        INSERT INTO hash_ring_nodes (server_id, node, position)
        SELECT ${this.#serverId}, node, position
        FROM unnest(${numbers}::int[], ${positions}::bigint[]) AS n (node, position)
        ON CONFLICT DO NOTHING`;
      await tx`SELECT pg_notify('sixfold_servers', '')`;
    });
  }

  /**
   * Says that the server lives.
   * @throws SixfoldError `failed_precondition` when another process has taken the server over
   */
  async heartbeat({ free, used, reserve }: Space): Promise<void> {
    const state = free < reserve ? "full" : "active";
    const { statement: sql } = await this.#connect();
    const rows = await sql`
      UPDATE storage_servers SET last_heartbeat = now(),
        joined_at = CASE WHEN last_heartbeat < now() - interval '30 seconds' THEN now() ELSE joined_at END,
        free_bytes = ${free}, used_bytes = ${used},
        state = CASE state WHEN 'draining' THEN 'draining' ELSE ${state} END
      WHERE id = ${this.#serverId} AND incarnation = ${this.#incarnation} RETURNING id`;
    if (rows.length === 0) {
      throw new SixfoldError(
        "failed_precondition",
        "another daemon has registered with this one's id; stop one of them",
      );
    }
  }

  /** Says that the server stops in an orderly way, and closes the connection. Its rows stay. */
  async stop(): Promise<void> {
    try {
      const connection = await this.#connect();
      await connection.transaction(async (tx) => {
        await tx`
          UPDATE storage_servers SET state = CASE state WHEN 'draining' THEN 'draining' ELSE 'stopped' END
          WHERE id = ${this.#serverId} AND incarnation = ${this.#incarnation}`;
        await tx`SELECT pg_notify('sixfold_servers', '')`;
      });
    } catch {
      // PostgreSQL is away: the missing heartbeats will tell.
    }
    await this.#connection?.end();
  }

  async #connect(): Promise<PostgresConnection> {
    if (!this.#connection?.alive) this.#connection = await this.#server.connect();
    return this.#connection;
  }
}
