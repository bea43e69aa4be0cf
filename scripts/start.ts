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
/** How long a process that has ended stays away. */
const AWAY_MS = 3000;
const parent = Deno.ppid;
const daemons: Deno.ChildProcess[] = [];
const gateways: Deno.ChildProcess[] = [];
let postgres: Promise<Postgres> | undefined;
let serving = false;
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
  const gateway = { ...shared, SIXFOLD_PORT: String(port) };
  // The gateway migrates the database before it serves; daemons that came first would find no tables.
  await keep({
    group: gateways,
    name: "the gateway",
    door: `http://127.0.0.1:${port}/healthz`,
    launch: () => launchGateway(gateway, CODE),
    data,
  });
  // After a crash PostgreSQL still knows the daemons of before: only the new ones can say that they are registered.
  const registered: Promise<void>[] = [];
  for (let i = 0; i < DAEMONS; i++) {
    const [grpcPort, httpPort] = [await freePortNear(50_051 + i), await freePortNear(51_051 + i)];
    // What started after the stop had begun would outlive it.
    if (stopping) return;
    const daemon = {
      ...shared,
      // An address that is meant for the gateway is none for these.
      SIXFOLD_HOST: "127.0.0.1",
      SIXFOLD_DATA_DIR: `${data}/daemon-${i + 1}`,
      SIXFOLD_GRPC_PORT: String(grpcPort),
      SIXFOLD_HTTP_PORT: String(httpPort),
    };
    registered.push(keep({
      group: daemons,
      name: `daemon ${i + 1}`,
      door: `http://127.0.0.1:${httpPort}/readyz`,
      launch: () => launchDaemon(daemon, CODE),
      data,
    }));
  }
  await Promise.all(registered);
  await becomes("the gateway does not see the daemons", async () => {
    const state = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
    return state.ready && state.servers >= DAEMONS;
  });
  if (stopping) return;
  serving = true;
  console.log(`Data:  ${data}`);
  console.log(`Try:   curl -T photo.jpg http://127.0.0.1:${port}/v1/files/demo/photo.jpg`);
  console.log(`Sixfold is ready at http://127.0.0.1:${port}`);
}

/** A process of the store. */
interface Kept {
  readonly group: Deno.ChildProcess[];
  readonly name: string;
  /** Where it answers once it serves. */
  readonly door: string;
  readonly launch: () => Deno.ChildProcess;
  readonly data: string;
}

/**
 * Starts a process and waits until it serves. When it ends by itself later, the others go on, and it is started once more;
 * one that ended before it served stays away. While the store starts, such an end is the end of all.
 */
async function keep(kept: Kept): Promise<void> {
  const { group, name, door, launch, data } = kept;
  const child = launch();
  let state: "starting" | "serving" | "ended" = "starting";
  group.push(child);
  child.status.then(async ({ code }) => {
    const served = state === "serving";
    state = "ended";
    const ended = `${name} ended by itself with code ${code}`;
    if (stopping) return;
    if (!serving) return await stop(`${ended}; its message is above`);
    group.splice(group.indexOf(child), 1);
    if (!served) return console.error(`${ended} and stays away; its message is above`);
    console.error(`${ended}; it starts again in ${AWAY_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    if (!stopping) await keep(kept).catch(({ message }) => console.error(message));
  });
  // What outlives this process is ended by the next run.
  await remember(data, child.pid);
  await becomes(`${name} does not serve`, async () => state === "ended" || await answers(door));
  if (state === "starting") state = "serving";
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
