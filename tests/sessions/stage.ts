/** Six daemons and two gateways: one on each hop, and one that keeps nothing in PostgreSQL. Both take part in every upload. */
import assert from "node:assert/strict";
import { type Client, createClient } from "@connectrpc/connect";
import { openDatabase, type Sql } from "../../gateway/db/database.ts";
import { untilWhole } from "../../scripts/audit.ts";
import { until } from "../../scripts/programs.ts";
import { FileService } from "../../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../../shared/rpc.ts";
import { TestCluster } from "../cluster.ts";
import { type Answer, call, sha256 } from "./client.ts";

/** Bytes that nobody needs leave at once. */
export const SETTINGS = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1", SIXFOLD_SESSION_TTL: "1h" };

/** What tests of sessions stand on. */
export class SessionStage implements AsyncDisposable {
  readonly rpc: Client<typeof FileService>;

  private constructor(readonly cluster: TestCluster, readonly a: string, readonly b: string, readonly sql: Sql) {
    this.rpc = createClient(FileService, fetchTransport(b));
  }

  static async open(): Promise<SessionStage> {
    const cluster = await TestCluster.start(6);
    try {
      const a = await cluster.addGateway({ ...SETTINGS, SIXFOLD_HOP: "web" });
      const b = await cluster.addGateway({ ...SETTINGS, SIXFOLD_HOP: "grpc", SIXFOLD_INLINE_MAX: "0" });
      return new SessionStage(cluster, a, b, await openDatabase(cluster.postgres.url, 2));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One gateway or the other. */
  readonly either = (): string => Math.random() < 0.5 ? this.a : this.b;

  /** Reads a file of the bucket. */
  readonly get = async (key: string, headers: HeadersInit = {}) => {
    const response = await fetch(`${this.either()}/v1/files/demo/${key}`, { headers });
    return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
  };

  /** Sends a part. */
  readonly put = (
    path: string,
    offset: number,
    bytes: BodyInit,
    gateway = this.either(),
    headers: HeadersInit = {},
  ): Promise<Answer> => call(`${gateway}${path}/parts/${offset}`, "PUT", bytes, headers);

  readonly same = (got: Uint8Array, wanted: Uint8Array): void => assert.equal(sha256(got), sha256(wanted));

  /** Lets the time of a session be over. */
  readonly expire = async (path: string): Promise<void> => {
    const id = path.split("/").at(-1) ?? "";
    await this.sql`UPDATE upload_sessions SET expires_at = now() - interval '1 second' WHERE id = ${id}`;
  };

  /** Waits until all garbage is gone; then every chunk on a disk has a row, and every row its chunk. */
  async atRest(): Promise<void> {
    await until("garbage stays", 60_000, async () => {
      await this.sql`UPDATE garbage SET due_at = now()`;
      return (await this.sql`SELECT FROM garbage`).length === 0;
    });
    await untilWhole(this.cluster.postgres.url, this.cluster.daemons.map(({ folder }) => folder));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sql.end();
    await this.cluster[Symbol.asyncDispose]();
  }
}
