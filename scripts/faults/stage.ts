/** The cluster on which faults happen: six daemons behind proxies, two gateways, and a client with its manifest. */
import { untilWhole } from "../audit.ts";
import { LocalCluster } from "../local_cluster.ts";
import { ROOT, until } from "../programs.ts";
import { Content } from "./content.ts";
import { each } from "./each.ts";
import { type CallOptions, deleteFile, getFile, type Outcome, putFile } from "./file_client.ts";
import { type FileSystem, LoopDisk } from "./loop_disk.ts";
import { Ledger } from "./ledger.ts";
import { Manifest } from "./manifest.ts";
import { ProcessWatch } from "./process_watch.ts";
import { StagedDaemon } from "./staged_daemon.ts";

/** Workers look every second, so that what they do can be seen. Readers of a deleted file still get their two seconds. */
export const HASTE = { SIXFOLD_GRACE: "2", SIXFOLD_CLEANUP_EVERY: "1", SIXFOLD_LOG: "error" };
/** Room on a disk of a daemon: the least that xfs takes, and a little more. */
const DISK_MIB = 400;
/** What a daemon that was stopped may need to see that its callers have gone, in ms. */
const REST_MS = 6000;
/** Calls at once where all keys are looked at. */
const WIDTH = 8;
const SETTLE_MS = 60_000;
/** Looks in a row that find no daemon writing, before nothing more is expected to come. */
const STILL_LOOKS = 15;

/** A gateway process and where it listens. */
export interface StagedGateway {
  readonly url: string;
  readonly process: Deno.ChildProcess;
}

/** What a stage is made of. */
export interface StageOptions {
  readonly daemons?: number;
  readonly gateways?: number;
  /** Settings of every gateway. */
  readonly gateway?: Record<string, string>;
  /** Gives each daemon a disk of its own, of these kinds in turn. */
  readonly disks?: readonly FileSystem[];
  /** The room on each of them. */
  readonly diskMib?: number;
  /** Settings of every daemon. */
  readonly daemon?: Record<string, string>;
}

/** See above. */
export class Stage implements AsyncDisposable {
  readonly watch = new ProcessWatch();
  readonly daemons: StagedDaemon[] = [];
  readonly gateways: StagedGateway[] = [];
  /** The disk of each daemon, by its number. */
  readonly disks: LoopDisk[] = [];
  #next = 1;
  #restUntil = 0;

  private constructor(
    readonly cluster: LocalCluster,
    readonly ledger: Ledger,
    readonly manifest: Manifest,
    readonly settings: Record<string, string>,
  ) {}

  /** Starts everything and waits until it is ready. */
  static async open(options: StageOptions = {}): Promise<Stage> {
    const cluster = await LocalCluster.open();
    const manifest = new Manifest(`${cluster.folder}/manifest.jsonl`);
    const stage = new Stage(cluster, new Ledger(cluster.postgres.url), manifest, { ...HASTE, ...options.gateway });
    try {
      await stage.startGateway();
      for (let i = 0; i < (options.daemons ?? 6); i++) {
        const folder = options.disks
          ? await stage.#addDisk(options.disks, i, options.diskMib)
          : `${cluster.folder}/daemon-${i}`;
        stage.daemons.push(await StagedDaemon.start(stage, folder, options.daemon ?? {}));
      }
      for (let i = 1; i < (options.gateways ?? 2); i++) await stage.startGateway();
      await stage.seen();
      await stage.warmUp();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts one more gateway. @param gid a group of its own, if any */
  async startGateway(settings: Record<string, string> = {}, gid?: number): Promise<StagedGateway> {
    const code = gid === undefined ? undefined : { root: ROOT, gid };
    const url = await this.cluster.addGateway({ ...this.settings, ...settings }, code);
    const process = this.cluster.gateways.at(-1);
    if (process === undefined) throw new Error("the gateway is gone");
    const gateway = { url, process };
    this.watch.add(process, `gateway ${url}`);
    this.gateways.push(gateway);
    return gateway;
  }

  /** Kills a gateway; the others stay. */
  async killGateway(gateway: StagedGateway): Promise<void> {
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    await this.watch.kill(gateway.process);
  }

  /** Waits until every gateway sees every daemon. */
  async seen(): Promise<void> {
    for (const { url } of this.gateways) await this.cluster.seen(url);
  }

  /** The daemon with a number. */
  daemon(number: number): StagedDaemon {
    const daemon = this.daemons[number];
    if (daemon === undefined) throw new Error(`there is no daemon ${number}`);
    return daemon;
  }

  /** A daemon goes on that was stopped: it works through what has reached it meanwhile. */
  rest(): void {
    this.#restUntil = Date.now() + REST_MS;
  }

  /** The address of a key at a gateway. */
  url(key: string, gateway = 0): string {
    return `${this.gateways[gateway]?.url}/v1/files/faults/${key}`;
  }

  /** A content that no other key has. */
  content(size: number): Content {
    return new Content(this.#next++, size);
  }

  /** Stores a content and keeps account of it. */
  async put(key: string, content: Content, gateway = 0, options: CallOptions = {}): Promise<Outcome> {
    await this.manifest.begin(key, content);
    const outcome = await putFile(this.url(key, gateway), content, options);
    if (outcome.status === 201) await this.manifest.acknowledge(key, content);
    return outcome;
  }

  /** Removes a key and keeps account of it. */
  async remove(key: string, gateway = 0): Promise<Outcome> {
    await this.manifest.begin(key, "absent");
    const outcome = await deleteFile(this.url(key, gateway));
    if (outcome.status === 204) await this.manifest.acknowledge(key, "absent");
    return outcome;
  }

  /** Reads a content that must be there. */
  async get(key: string, content: Content, gateway = 0, options: Parameters<typeof getFile>[2] = {}): Promise<Outcome> {
    return await getFile(this.url(key, gateway), content, options);
  }

  /** Invariants 1 to 3 and 5: every key reads as the manifest has it, and nobody ended by himself. @throws Error */
  async verify(): Promise<void> {
    const wrong = [...this.watch.faults];
    await each(this.manifest.keys, WIDTH, async (key) => {
      const found = await this.#look(key);
      if (typeof found === "string" && found !== "absent") wrong.push(`${key}: ${found}`);
      else this.manifest.observe(key, found);
    });
    if (wrong.length > 0) throw new Error(wrong.join("; "));
  }

  /**
   * Invariants 4, 5 and 8, once all grace times are over: the disks hold what the rows name, every segment has all its
   * chunks, and the processes hold what they held at first.
   */
  async settle(ms = SETTLE_MS): Promise<void> {
    // What was on its way to a daemon that was stopped may still become a chunk. The cleanup allows for half a minute of
    // that, and `endGrace` takes it away.
    await new Promise((resolve) => setTimeout(resolve, Math.max(500, this.#restUntil - Date.now())));
    // The same is so of a call that a gateway has given up on while its daemon writes: it is in `tmp/` until then.
    let still = 0;
    await until("chunks stay in tmp/", ms, async () => {
      const writing = await Promise.all(this.daemons.map((daemon) => daemon.unfinished()));
      still = writing.every((count) => count === 0) ? still + 1 : 0;
      return still > STILL_LOOKS;
    });
    await this.ledger.endLeases();
    await untilWhole(this.cluster.postgres.url, this.daemons.map(({ folder }) => folder), ms, async () => {
      const rest = await this.ledger.endGrace();
      return [
        ...(rest > 0 ? [`${rest} uploads and chunks are to be cleaned up`] : []),
        ...await this.watch.excesses(),
      ];
    });
  }

  /** Deletes all files and makes sure that they stay away. */
  async clear(): Promise<void> {
    await each(this.manifest.keys, WIDTH, async (key) => {
      if (this.manifest.statesOf(key)[0] !== "absent") await this.remove(key);
    });
    await this.verify();
  }

  /** Some files through every gateway; what the processes hold then is what they may hold. */
  async warmUp(): Promise<void> {
    for (const gateway of this.gateways.keys()) {
      const content = this.content(8 * 1024 * 1024);
      await this.put("warm-up", content, gateway);
      // So many at once open every connection to PostgreSQL that a gateway keeps.
      await Promise.all(Array.from({ length: 24 }, () => this.get("warm-up", content, gateway, { to: 1 })));
    }
    await this.watch.takeBaselines();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.daemons) await daemon.dispose();
    for (const { process } of this.gateways) this.watch.expect(process);
    await this.ledger.close();
    this.manifest[Symbol.dispose]();
    await this.cluster[Symbol.asyncDispose]();
    for (const disk of this.disks) {
      await disk[Symbol.asyncDispose]();
      await Deno.remove(disk.folder);
    }
  }

  async #addDisk(kinds: readonly FileSystem[], number: number, mib = DISK_MIB): Promise<string> {
    const folder = await Deno.makeTempDir({ prefix: "sixfold disk-" });
    this.disks.push(await LoopDisk.make(folder, kinds[number % kinds.length] ?? "ext4", mib));
    return folder;
  }

  async #look(key: string): Promise<Content | "absent" | string> {
    const states = this.manifest.statesOf(key);
    let found = "";
    for (const state of states.filter((state) => state !== "absent").reverse()) {
      const { status, wrong, code } = await this.get(key, state);
      if (status === 404) return states.includes("absent") ? "absent" : "an acknowledged file is gone";
      if (status === 200 && wrong === undefined) return state;
      found = `${status} ${wrong ?? code}`;
    }
    if (found !== "") return found;
    const { status } = await getFile(this.url(key), new Content(0, 0));
    return status === 404 ? "absent" : `${status} for a file that is not there`;
  }
}
