/** One daemon of a stage: its process can be killed, stopped and started again, and a proxy stands before it. */
import type { Daemon } from "../local_cluster.ts";
import { until } from "../programs.ts";
import type { Stage } from "./stage.ts";
import { TcpProxy } from "./tcp_proxy.ts";

/** See above. */
export class StagedDaemon {
  #stopped = false;

  private constructor(
    readonly stage: Stage,
    readonly folder: string,
    readonly settings: Record<string, string>,
    readonly proxy: TcpProxy,
    public daemon: Daemon,
    readonly serverId: string,
  ) {}

  /** Starts a daemon in a folder. */
  static async start(stage: Stage, folder: string, settings: Record<string, string>): Promise<StagedDaemon> {
    const daemon = await stage.cluster.addDaemon(folder, { SIXFOLD_LOG: "error", ...settings });
    const proxy = await TcpProxy.open(daemon.http);
    const { serverId } = JSON.parse(await Deno.readTextFile(`${folder}/server.json`));
    const staged = new StagedDaemon(stage, folder, settings, proxy, daemon, serverId);
    await staged.#join();
    return staged;
  }

  get pid(): number {
    return this.daemon.process.pid;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#stopped = false;
    await this.stage.watch.kill(this.daemon.process);
  }

  /** SIGSTOP. */
  stop(): void {
    this.#stopped = true;
    this.daemon.process.kill("SIGSTOP");
  }

  /** SIGCONT. */
  go(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.daemon.process.kill("SIGCONT");
    this.stage.rest();
  }

  /** Starts it again after its end, on the ports that it had, and waits until it is registered. */
  async start(): Promise<void> {
    const { cluster } = this.stage;
    cluster.daemons.splice(cluster.daemons.indexOf(this.daemon), 1);
    const [grpc, http] = [this.daemon.grpc, this.daemon.http].map((address) => Number(address.split(":")[1]));
    const ports = [grpc ?? 0, http ?? 0] as const;
    this.daemon = await cluster.addDaemon(this.folder, { SIXFOLD_LOG: "error", ...this.settings }, ports);
    await this.#join();
  }

  /** Starts it again, and waits until every gateway sees it. */
  async restart(): Promise<void> {
    await this.start();
    await this.stage.seen();
  }

  /** The paths of all chunk files. */
  async chunkPaths(): Promise<string[]> {
    return await filesBelow(`${this.folder}/chunks`);
  }

  /** Chunks that are being written now. */
  async unfinished(): Promise<number> {
    return (await filesBelow(`${this.folder}/tmp`)).length;
  }

  /** Lets go of it: the cluster ends the process. */
  async dispose(): Promise<void> {
    this.stage.watch.expect(this.daemon.process);
    this.go();
    await this.proxy[Symbol.asyncDispose]();
  }

  async #join(): Promise<void> {
    this.stage.watch.add(this.daemon.process, `daemon ${this.folder}`);
    const { ledger } = this.stage;
    await until("the daemon has no row", 30_000, async () => {
      await ledger.dialVia(this.daemon.http, this.proxy.address);
      const rows = await ledger.sql`SELECT FROM storage_servers WHERE http_address = ${this.proxy.address}`;
      return rows.length === 1;
    });
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) found.push(...await filesBelow(`${folder}/${name}`));
      else found.push(`${folder}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}
