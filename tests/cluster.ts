/** Real processes for tests: PostgreSQL and storage daemons in a temporary folder, on free ports, all ended at the end. */
import { migrate, readMigrations } from "../gateway/db/migrate.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { type Postgres, startPostgres } from "../scripts/embedded_postgres.ts";
import { answers, freePort, launchDaemon, launchGateway, stopAll, until } from "../scripts/programs.ts";

const READY_MS = 20_000;

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
      await migrate(sql, await readMigrations(new URL("../migrations/", import.meta.url)));
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
    this.gateways.push(launchGateway({
      DATABASE_URL: this.postgres.url,
      SIXFOLD_CLUSTER_TOKEN: TOKEN,
      SIXFOLD_PORT: String(port),
      SIXFOLD_LOG: "warn",
      ...settings,
    }));
    const address = `http://127.0.0.1:${port}`;
    await until("the gateway does not see every daemon", READY_MS, async () => {
      const state = await (await fetch(`${address}/readyz`)).json();
      return state.servers === this.daemons.length;
    });
    return address;
  }

  /** Starts one more daemon and waits until it is registered. */
  async addDaemon(folder: string, settings: Record<string, string> = {}): Promise<Daemon> {
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    const process = launchDaemon({
      SIXFOLD_DATA_DIR: folder,
      DATABASE_URL: this.postgres.url,
      SIXFOLD_CLUSTER_TOKEN: TOKEN,
      SIXFOLD_GRPC_PORT: String(grpcPort),
      SIXFOLD_HTTP_PORT: String(httpPort),
      SIXFOLD_RESERVE: "0",
      SIXFOLD_LOG: "warn",
      ...settings,
    });
    const daemon = { grpc: `127.0.0.1:${grpcPort}`, http: `127.0.0.1:${httpPort}`, folder, process };
    this.daemons.push(daemon);
    await until("the daemon is not ready", READY_MS, () => answers(`http://${daemon.http}/readyz`));
    return daemon;
  }

  /** Starts a daemon again that has ended, on its folder and on new ports. */
  async restartDaemon(daemon: Daemon | undefined): Promise<Daemon> {
    if (daemon === undefined) throw new Error("there is no such daemon");
    this.daemons.splice(this.daemons.indexOf(daemon), 1);
    return await this.addDaemon(daemon.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopAll(this.gateways);
    await stopAll(this.daemons.map(({ process }) => process));
    await this.postgres.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Every file below a folder. */
export async function chunkFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await chunkFiles(path));
    else found.push(path);
  }
  return found;
}
