/** Real processes for tests: PostgreSQL and storage daemons in a temporary folder, on free ports, all ended at the end. */
import { createServer } from "node:net";
import { migrate, readMigrations } from "../gateway/db/migrate.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { type Postgres, startPostgres } from "../scripts/embedded_postgres.ts";
import { fromFileUrl } from "../scripts/paths.ts";

const root = new URL("..", import.meta.url);
const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";

/** The token of a test's cluster. */
export const TOKEN = "a token for tests, at least 32 characters";

/** A daemon process. */
export interface Daemon {
  readonly grpc: string;
  readonly http: string;
  readonly folder: string;
  readonly process: Deno.ChildProcess;
}

/** PostgreSQL, migrated, and as many daemons as asked for. */
export class TestCluster implements AsyncDisposable {
  readonly daemons: Daemon[] = [];
  readonly gateways: Deno.ChildProcess[] = [];
  private constructor(readonly folder: string, readonly postgres: Postgres) {}

  static async start(daemons: number): Promise<TestCluster> {
    const folder = await Deno.makeTempDir({ prefix: "sixfold test-" });
    await Deno.chmod(folder, 0o755);
    const postgres = await startPostgres(`${folder}/postgres`, await freePort());
    const cluster = new TestCluster(folder, postgres);
    try {
      const sql = await openDatabase(postgres.url, 1);
      await migrate(sql, await readMigrations(new URL("migrations/", root)));
      await sql.end();
      for (let i = 0; i < daemons; i++) await cluster.addDaemon(`${folder}/daemon-${i}`);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a gateway and waits until it sees every daemon. @returns its address */
  async addGateway(settings: Record<string, string> = {}): Promise<string> {
    const port = await freePort();
    const gateway = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--unstable-no-legacy-abort", fromFileUrl(new URL("gateway/main.ts", root))],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
      env: {
        DATABASE_URL: this.postgres.url,
        SIXFOLD_CLUSTER_TOKEN: TOKEN,
        SIXFOLD_PORT: String(port),
        SIXFOLD_LOG: "warn",
        ...settings,
      },
    }).spawn();
    this.gateways.push(gateway);
    const address = `http://127.0.0.1:${port}`;
    for (let i = 0; i < 400; i++) {
      const state = await fetch(`${address}/readyz`).then((response) => response.json(), () => ({}));
      if (state.servers === this.daemons.length) return address;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the gateway is not ready after 20 s");
  }

  /** Starts one more daemon and waits until it is registered. */
  async addDaemon(folder: string): Promise<Daemon> {
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    const process = new Deno.Command(bun, {
      args: ["run", fromFileUrl(new URL("node-daemon/main.ts", root))],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
      env: {
        SIXFOLD_DATA_DIR: folder,
        DATABASE_URL: this.postgres.url,
        SIXFOLD_CLUSTER_TOKEN: TOKEN,
        SIXFOLD_GRPC_PORT: String(grpcPort),
        SIXFOLD_HTTP_PORT: String(httpPort),
        SIXFOLD_RESERVE: "0",
        SIXFOLD_LOG: "warn",
      },
    }).spawn();
    const daemon = { grpc: `127.0.0.1:${grpcPort}`, http: `127.0.0.1:${httpPort}`, folder, process };
    this.daemons.push(daemon);
    for (let i = 0; i < 400; i++) {
      const ok = await fetch(`http://${daemon.http}/readyz`).then(async (response) => {
        await response.body?.cancel();
        return response.ok;
      }, () => false);
      if (ok) return daemon;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the daemon is not ready after 20 s");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [...this.gateways, ...this.daemons.map((daemon) => daemon.process)]) {
      try {
        process.kill("SIGTERM");
      } catch { /* it has ended */ }
      await process.status;
    }
    await this.postgres.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
