/** PostgreSQL on several nodes under Patroni, with an etcd, on this machine: as docs/postgresql.md has it. */
import { familyOf } from "../process_family.ts";
import { answers, freePort, stopAll, until } from "../programs.ts";

const READY_MS = 90_000;

/** What the nodes need, of Debian's packages: a program, arguments with which it ends well, the package. */
export const NEEDS = [
  ["etcd", ["--version"], "etcd-server"],
  ["patroni", ["--version"], "patroni"],
  ["pg_lsclusters", ["-h"], "postgresql"],
] as const;

/** A node: Patroni, and the PostgreSQL that it keeps. */
interface Node {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly api: number;
  readonly process: Deno.ChildProcess;
}

/** What Patroni says of a node. */
interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

/** A replicated PostgreSQL, of which one standby has each commit before it is acknowledged. */
export class PatroniNodes implements AsyncDisposable {
  readonly #nodes: Node[] = [];
  private constructor(readonly folder: string, readonly etcd: Deno.ChildProcess, readonly etcdPort: number) {}

  /** Starts an etcd and so many nodes, and waits until there is a synchronous standby. */
  static async start(folder: string, count: number): Promise<PatroniNodes> {
    const [port, peer] = [await freePort(), await freePort()];
    const at = (port: number) => `http://127.0.0.1:${port}`;
    const etcd = quiet("etcd", [
      "--name=one",
      `--data-dir=${folder}/etcd`,
      `--listen-client-urls=${at(port)}`,
      `--advertise-client-urls=${at(port)}`,
      `--listen-peer-urls=${at(peer)}`,
      `--initial-advertise-peer-urls=${at(peer)}`,
      `--initial-cluster=one=${at(peer)}`,
    ]);
    const nodes = new PatroniNodes(folder, etcd, port);
    try {
      await until("etcd does not answer", READY_MS, () => answers(`${at(port)}/health`));
      for (let i = 0; i < count; i++) await nodes.#add(`pg${i}`);
      await until("no standby is synchronous", READY_MS, async () => {
        return (await nodes.#members()).some(({ role }) => role === "sync_standby");
      });
      return nodes;
    } catch (error) {
      await nodes[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What `DATABASE_URL` is for all of them. */
  get url(): string {
    return `postgres://postgres:secret@${this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}/postgres`;
  }

  /** Kills the primary with all of its processes and its Patroni, as if its machine were gone. @returns its name */
  async killPrimary(): Promise<string> {
    const leader = (await this.#members()).find(({ role }) => role === "leader")?.name;
    const node = this.#nodes.find(({ name }) => name === leader);
    if (node === undefined) throw new Error("there is no primary");
    const postmaster = parseInt(await Deno.readTextFile(`${node.folder}/data/postmaster.pid`));
    for (const pid of [node.process.pid, ...await familyOf(postmaster)]) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch { /* A session has ended by itself. */ }
    }
    return node.name;
  }

  /** Waits until another node than this one takes writes. */
  async promoted(former: string): Promise<void> {
    await until("no standby was promoted", READY_MS, async () => {
      const members = await this.#members(former);
      return members.some(({ name, role, state }) => role === "leader" && name !== former && state === "running");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopAll(this.#nodes.map(({ process }) => process));
    await stopAll([this.etcd]);
  }

  async #members(notAsked = ""): Promise<Member[]> {
    const node = this.#nodes.find(({ name }) => name !== notAsked);
    return (await (await fetch(`http://127.0.0.1:${node?.api}/cluster`)).json()).members;
  }

  async #add(name: string): Promise<void> {
    const [port, api] = [await freePort(), await freePort()];
    const folder = `${this.folder}/${name}`;
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/patroni.yml`, configuration(name, folder, port, api, this.etcdPort));
    await new Deno.Command("chown", { args: ["-R", "postgres", folder] }).output();
    const process = quiet("setpriv", [
      "--reuid=postgres",
      "--regid=postgres",
      "--clear-groups",
      "patroni",
      `${folder}/patroni.yml`,
    ]);
    this.#nodes.push({ name, folder, port, api, process });
    await until(`${name} does not run`, READY_MS, () => answers(`http://127.0.0.1:${api}/health`));
  }
}

/** The settings of docs/postgresql.md, on this machine's ports. */
function configuration(name: string, folder: string, port: number, api: number, etcd: number): string {
  return JSON.stringify({
    scope: "sixfold",
    name,
    restapi: { listen: `127.0.0.1:${api}`, connect_address: `127.0.0.1:${api}` },
    etcd3: { hosts: `127.0.0.1:${etcd}` },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 5,
        retry_timeout: 5,
        synchronous_mode: true,
        synchronous_mode_strict: true,
        postgresql: { use_pg_rewind: true, parameters: { synchronous_commit: "on", max_connections: 200 } },
      },
      initdb: [{ encoding: "UTF8" }, "data-checksums"],
    },
    postgresql: {
      listen: `127.0.0.1:${port}`,
      connect_address: `127.0.0.1:${port}`,
      data_dir: `${folder}/data`,
      bin_dir: newestServer(),
      pgpass: `${folder}/pgpass`,
      pg_hba: ["host all all 127.0.0.1/32 md5", "host replication all 127.0.0.1/32 md5"],
      authentication: {
        superuser: { username: "postgres", password: "secret" },
        replication: { username: "replicator", password: "secret" },
        rewind: { username: "rewinder", password: "secret" },
      },
      parameters: { unix_socket_directories: folder },
    },
  });
}

/** Where Debian keeps the newest PostgreSQL's programs. */
function newestServer(): string {
  const versions = [...Deno.readDirSync("/usr/lib/postgresql")].map(({ name }) => Number(name));
  return `/usr/lib/postgresql/${Math.max(...versions)}/bin`;
}

function quiet(command: string, args: string[]): Deno.ChildProcess {
  return new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null", detached: true }).spawn();
}
