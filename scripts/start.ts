/** `npm start`: PostgreSQL, six daemons and a gateway on this machine, and their orderly end. */
import { integer, readSettings, text } from "../shared/config.ts";
import { type Postgres, startPostgres } from "./embedded_postgres.ts";
import { ownFolder, remember } from "./own_folder.ts";
import { answers, freePort, launchDaemon, launchGateway, ROOT, stopAll, until } from "./programs.ts";

const DAEMONS = 6;
const READY_MS = 60_000;
/** Ctrl-C reaches this process alone, which ends the others in order: running requests still need all of them. */
const CODE = { root: ROOT, detached: true };
const SETTINGS = {
  SIXFOLD_PORT: integer("The port on 127.0.0.1; 0 takes a free one.", "8080", 0, 65_535),
  SIXFOLD_DATA_DIR: text("The folder for everything that is kept.", `${ROOT}data`),
};
const PARENT_MS = 500;
const parent = Deno.ppid;
const daemons: Deno.ChildProcess[] = [];
const gateways: Deno.ChildProcess[] = [];
let postgres: Promise<Postgres> | undefined;
let stopping = false;

async function start(): Promise<void> {
  const given = Deno.env.get("DATABASE_URL");
  const settings = readSettings(SETTINGS, Deno.env.toObject());
  const data = await ownFolder(settings.SIXFOLD_DATA_DIR);
  const port = await freePort(settings.SIXFOLD_PORT);
  if (!given) {
    postgres = startPostgres(`${data}/postgres`, await freePort(0), true);
    (await postgres).ended.then(() => stop(`PostgreSQL ended by itself; it says why in ${data}/postgres/log`));
  }
  const shared = {
    DATABASE_URL: given || (await postgres)?.url || "",
    SIXFOLD_CLUSTER_TOKEN: await clusterToken(data),
    SIXFOLD_LOG: Deno.env.get("SIXFOLD_LOG") ?? "warn",
  };
  if (stopping) return;
  await follow(gateways, launchGateway({ ...shared, SIXFOLD_PORT: String(port) }, CODE), data);
  // The gateway migrates the database before it serves; daemons that came first would find no tables.
  await becomes("the gateway does not serve", () => answers(`http://127.0.0.1:${port}/healthz`));
  const doors: string[] = [];
  for (let i = 0; i < DAEMONS; i++) {
    const [grpcPort, httpPort] = [await freePortNear(50_051 + i), await freePortNear(51_051 + i)];
    // What started after the stop had begun would outlive it.
    if (stopping) return;
    doors.push(`http://127.0.0.1:${httpPort}/readyz`);
    const daemon = launchDaemon({
      ...shared,
      // An address that is meant for the gateway is none for these.
      SIXFOLD_HOST: "127.0.0.1",
      SIXFOLD_DATA_DIR: `${data}/daemon-${i + 1}`,
      SIXFOLD_GRPC_PORT: String(grpcPort),
      SIXFOLD_HTTP_PORT: String(httpPort),
    }, CODE);
    await follow(daemons, daemon, data);
  }
  // After a crash PostgreSQL still knows the daemons of before: only the new ones can say that they are registered.
  for (const door of doors) await becomes("a daemon does not register", () => answers(door));
  await becomes("the gateway does not see the daemons", async () => {
    const state = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
    return state.ready && state.servers >= DAEMONS;
  });
  if (stopping) return;
  console.log(`Data:  ${data}`);
  console.log(`Try:   curl -T photo.jpg http://127.0.0.1:${port}/v1/files/demo/photo.jpg`);
  console.log(`Sixfold is ready at http://127.0.0.1:${port}`);
}

/** A process that ends by itself ends all; one that outlives this one is ended by the next run. */
async function follow(group: Deno.ChildProcess[], child: Deno.ChildProcess, data: string): Promise<void> {
  group.push(child);
  child.status.then(({ code }) => stop(`a process ended by itself with code ${code}; its message is above`));
  await remember(data, child.pid);
}

async function becomes(what: string, condition: () => Promise<boolean>): Promise<void> {
  await until(what, READY_MS, async () => stopping || await condition());
}

/** Gateways first, so that running requests still find their daemons; PostgreSQL last. */
async function stop(reason?: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  if (reason !== undefined) console.error(reason);
  for (const group of [gateways, daemons]) await stopAll(group);
  await postgres?.then((server) => server.stop(), () => {});
  Deno.exit(reason === undefined ? 0 : 1);
}

async function clusterToken(data: string): Promise<string> {
  const path = `${data}/cluster-token`;
  const known = await Deno.readTextFile(path).catch(() => "");
  if (known !== "") return known;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  await Deno.writeTextFile(path, token, { mode: 0o600 });
  return token;
}

async function freePortNear(port: number): Promise<number> {
  return await freePort(port).catch(() => freePort(0));
}

// Who is killed tells nobody. That npm's own process is gone shows by the parent, which is another one then.
setInterval(() => Deno.ppid !== parent && void stop("npm start was killed"), PARENT_MS);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => void stop());
try {
  await start();
} catch (error) {
  await stop(error instanceof Error ? error.message : String(error));
}
