/** A large file on its way up while its connections are cut and its gateways are killed. */
import { peakMemory } from "../bench/usage.ts";
import { digestOf, makeBody } from "../bodies.ts";
import { Random } from "../faults/random.ts";
import { TcpProxy } from "../faults/tcp_proxy.ts";
import type { LocalCluster } from "../local_cluster.ts";
import { bundleCommand, ended, type Runtime, startCommand } from "./command.ts";

/** What is sent, and what is done to it. */
export interface CutUpload {
  /** In bytes. */
  readonly size: number;
  readonly cuts: number;
  /** How often a gateway is killed. */
  readonly kills: number;
  readonly runtime: Runtime;
}

/** How it went. */
export interface CutResult {
  /** Bytes that left the client, for each byte of the file. */
  readonly ratio: number;
  /** Peak memory in MiB. */
  readonly client: number;
  readonly gateways: number;
}

const MIB = 1024 * 1024;
const KEY = "film";
const POLL_MS = 20;
const DOWN_MS = 300;

/** Sends a file through two gateways, the cluster's own, in their order. @throws Error where what is stored is another one */
export async function cutUpload(
  cluster: LocalCluster,
  gateways: readonly [string, string],
  plan: CutUpload,
): Promise<CutResult> {
  const { size, runtime } = plan;
  const folder = await Deno.makeTempDir({ prefix: "sixfold upload-" });
  try {
    const path = `${folder}/${KEY}`;
    const body = makeBody(size);
    await Deno.writeFile(path, body.stream);
    await using first = await TcpProxy.open(gateways[0].replace("http://", ""));
    await using second = await TcpProxy.open(gateways[1].replace("http://", ""));
    const proxies = [first, second];
    const addresses = proxies.map(({ address }) => `http://${address}`).join();
    const script = await bundleCommand(folder);
    const began = performance.now();
    const command = startCommand(runtime, script, folder, addresses, ["put", path, `demo/${KEY}`, "--json"]);
    const over = ended(command);
    const harm = new Harm(cluster, proxies, plan, folder);
    const peaks = watchMemory([command.pid]);
    await Promise.all([over.finally(() => harm.end()), harm.run()]);
    const seconds = (performance.now() - began) / 1000;
    const address = `http://${proxies[0]?.target}/v1/files/demo/${KEY}`;
    const stored = await digestOf(await fetch(address));
    if (stored.sha256 !== body.digest()) throw new Error(`${KEY} came back otherwise`);
    const client = peaks.end();
    const running = await Promise.all(cluster.gateways.map(({ pid }) => peakMemory(pid)));
    const result = { ratio: (first.up + second.up) / size, client, gateways: Math.max(...running) };
    console.log(
      `${runtime}: ${size / MIB} MiB in ${seconds.toFixed(0)} s with ${harm.done} harms, ` +
        `${result.ratio.toFixed(4)} bytes sent for each; peak memory: client ${client.toFixed(0)} MiB, ` +
        `gateways ${result.gateways.toFixed(0)} MiB`,
    );
    return result;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Cuts and kills at random moments of an upload. */
class Harm {
  done = 0;
  #over = false;

  constructor(
    readonly cluster: LocalCluster,
    readonly proxies: readonly TcpProxy[],
    readonly plan: CutUpload,
    readonly folder: string,
  ) {}

  end(): void {
    this.#over = true;
  }

  async run(): Promise<void> {
    const { size, cuts, kills } = this.plan;
    const random = new Random(size);
    const at = Array.from({ length: cuts }, () => ({ after: random.next() * size, kill: false }));
    for (let i = 1; i <= kills; i++) at.push({ after: (i / (kills + 1)) * size, kill: true });
    at.sort((a, b) => a.after - b.after);
    for (const { after, kill } of at) {
      while (!this.#over && await this.#received() < after) await pause(POLL_MS);
      if (this.#over) return;
      const turn = this.done % this.proxies.length;
      await (kill ? this.#kill(turn) : this.#cut());
      this.done++;
    }
  }

  /** All connections break, and for a moment no new ones are made. */
  async #cut(): Promise<void> {
    for (const proxy of this.proxies) proxy.cut();
    await pause(DOWN_MS);
    for (const proxy of this.proxies) proxy.heal();
  }

  /** A gateway is gone; another one takes its place, while the upload goes on through the second. */
  async #kill(turn: number): Promise<void> {
    const proxy = this.proxies[turn];
    const [killed] = this.cluster.gateways.splice(turn, 1);
    killed?.kill("SIGKILL");
    await killed?.status;
    const address = await this.cluster.addGateway();
    const [added] = this.cluster.gateways.splice(-1);
    if (added !== undefined) this.cluster.gateways.splice(turn, 0, added);
    if (proxy !== undefined) proxy.target = address.replace("http://", "");
  }

  /** How much of the upload is there, by any gateway that answers. */
  async #received(): Promise<number> {
    const state = `${this.folder}/sixfold/uploads`;
    const [entry] = await Array.fromAsync(Deno.readDir(state)).catch(() => []);
    if (entry === undefined) return 0;
    const id = await Deno.readTextFile(`${state}/${entry.name}`).catch(() => "");
    for (const { target } of this.proxies) {
      const answer = await fetch(`http://${target}/v1/uploads/${id}?limit=1`).catch(() => undefined);
      if (answer !== undefined) return (await answer.json()).received ?? 0;
    }
    return 0;
  }
}

/** The most memory that processes take while they run. */
function watchMemory(pids: readonly number[]) {
  let most = 0;
  const look = async () => {
    for (const pid of pids) most = Math.max(most, await peakMemory(pid) || 0);
  };
  const timer = setInterval(() => void look(), 100);
  return {
    end() {
      clearInterval(timer);
      return most;
    },
  };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
