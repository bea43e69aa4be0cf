/** A cluster of real processes of its own: in a temporary folder, on free ports, gone at the end. */
import { type Postgres, startPostgres } from "./embedded_postgres.ts";
import { answers, type Code, freePort, launchDaemon, launchGateway, stopAll, until } from "./programs.ts";

const READY_MS = 60_000;

/** The token of such a cluster. It lives as long as the cluster does. */
export const TOKEN = "a token for tests, at least 32 characters";

/** A daemon process. */
export interface Daemon {
  readonly grpc: string;
  readonly http: string;
  readonly folder: string;
  readonly process: Deno.ChildProcess;
}

/** The ports of a daemon: gRPC, HTTP. */
export type Ports = readonly [number, number];

/** PostgreSQL, and the daemons and gateways that were added to it. */
export class LocalCluster implements AsyncDisposable {
  readonly daemons: Daemon[] = [];
  readonly gateways: Deno.ChildProcess[] = [];
  #closing = false;
  #postgres: Postgres;
  /** What is started from now on, where it is not this project as it stands. */
  code: Code | undefined;
  private constructor(readonly folder: string, postgres: Postgres, code: Code | undefined) {
    this.#postgres = postgres;
    this.code = code;
  }

  /** PostgreSQL as it runs now. */
  get postgres(): Postgres {
    return this.#postgres;
  }

  /** Starts PostgreSQL again after its end, on its folder and port. */
  async restartPostgres(): Promise<void> {
    await this.#postgres.stop();
    this.#postgres = await startPostgres(`${this.folder}/postgres`, Number(new URL(this.#postgres.url).port));
  }

  /** Starts PostgreSQL alone. Its tables are made by the first gateway, which daemons need. @param code if not this */
  static async open(code?: Code): Promise<LocalCluster> {
    const folder = await Deno.makeTempDir({ prefix: "sixfold cluster-" });
    try {
      // PostgreSQL runs as an ordinary user and has to enter.
      await Deno.chmod(folder, 0o755);
      return new LocalCluster(folder, await startPostgres(`${folder}/postgres`, await freePort()), code);
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  /** Starts a gateway and waits until it sees every daemon. @param code if not the cluster's @returns its address */
  async addGateway(settings: Record<string, string> = {}, code = this.code): Promise<string> {
    const port = await freePort();
    this.#mustBeOpen();
    this.gateways.push(launchGateway({
      DATABASE_URL: this.postgres.url,
      SIXFOLD_CLUSTER_TOKEN: TOKEN,
      SIXFOLD_PORT: String(port),
      SIXFOLD_LOG: "warn",
      ...settings,
    }, code));
    const address = `http://127.0.0.1:${port}`;
    await this.seen(address);
    return address;
  }

  /** Starts one more daemon and waits until it is registered. @param ports of gRPC and of HTTP, where they matter */
  async addDaemon(folder: string, settings: Record<string, string> = {}, ports?: Ports): Promise<Daemon> {
    const [grpcPort, httpPort] = ports ?? [await freePort(), await freePort()];
    this.#mustBeOpen();
    const process = launchDaemon({
      SIXFOLD_DATA_DIR: folder,
      DATABASE_URL: this.postgres.url,
      SIXFOLD_CLUSTER_TOKEN: TOKEN,
      SIXFOLD_GRPC_PORT: String(grpcPort),
      SIXFOLD_HTTP_PORT: String(httpPort),
      SIXFOLD_RESERVE: "0",
      SIXFOLD_LOG: "warn",
      ...settings,
    }, this.code);
    const daemon = { grpc: `127.0.0.1:${grpcPort}`, http: `127.0.0.1:${httpPort}`, folder, process };
    this.daemons.push(daemon);
    const ready = until("the daemon is not ready", READY_MS, () => answers(`http://${daemon.http}/readyz`));
    const ended = process.status.then(({ code }) => {
      throw new Error(`the daemon ended with code ${code} before it was ready; look at the messages above`);
    });
    await Promise.race([ready, ended]);
    return daemon;
  }

  /** Starts a daemon again that has ended, on its folder and on new ports. */
  async restartDaemon(daemon: Daemon | undefined, settings: Record<string, string> = {}): Promise<Daemon> {
    if (daemon === undefined) throw new Error("there is no such daemon");
    this.daemons.splice(this.daemons.indexOf(daemon), 1);
    return await this.addDaemon(daemon.folder, settings);
  }

  /** Waits until a gateway sees every daemon. */
  async seen(gateway: string): Promise<void> {
    await until("the gateway does not see every daemon", READY_MS, async () => {
      const state = await (await fetch(`${gateway}/readyz`)).json();
      return state.servers === this.daemons.length;
    });
  }

  /** The process id of PostgreSQL, whose sessions are its children. */
  async postgresPid(): Promise<number> {
    return parseInt(await Deno.readTextFile(`${this.folder}/postgres/data/postmaster.pid`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const codes = await stopAll(this.gateways);
    codes.push(...await stopAll(this.daemons.map(({ process }) => process)));
    await this.#postgres.stop();
    await Deno.remove(this.folder, { recursive: true });
    if (codes.length > 0) throw new Error(`processes ended with the codes ${codes}; look at the messages above`);
  }

  /** A process that started now would outlive the cluster. */
  #mustBeOpen(): void {
    if (this.#closing) throw new Error("the cluster is being stopped");
  }
}

/** A whole cluster while a tool uses it. */
export interface RunningCluster {
  readonly cluster: LocalCluster;
  /** The gateway's address. */
  readonly url: string;
  /** Aborted when the tool is told to stop; it ends what the tool has started. */
  readonly signal: AbortSignal;
}

/**
 * Runs `work` on a cluster of one gateway and some daemons. It leaves nothing behind: not after an error, not after
 * Ctrl-C or SIGTERM, which end this process once the cluster is gone.
 */
export async function withCluster<T>(
  { daemons, gateway = {}, daemon = {}, code }: {
    readonly daemons: number;
    readonly gateway?: Record<string, string>;
    /** The settings of each daemon. */
    readonly daemon?: Record<string, string>;
    readonly code?: Code;
  },
  work: (running: RunningCluster) => Promise<T>,
): Promise<T> {
  const told = new AbortController();
  const stop = () => told.abort(new Error("told to stop"));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    await using cluster = await LocalCluster.open(code);
    const run = async () => {
      const url = await cluster.addGateway(gateway);
      for (let i = 0; i < daemons; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, daemon);
      await cluster.seen(url);
      return await work({ cluster, url, signal: told.signal });
    };
    return await Promise.race([run(), rejectWhenAborted(told.signal)]);
  } catch (error) {
    if (told.signal.aborted) Deno.exit(130);
    throw error;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}

async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
