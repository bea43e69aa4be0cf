/** `npm start`: PostgreSQL, six daemons and a gateway on this machine, and their orderly end. */
import { createServer } from "node:net";
import { type Postgres, startPostgres } from "./embedded_postgres.ts";
import { fromFileUrl } from "./paths.ts";

const DAEMONS = 6;
const READY_MS = 60_000;
const root = fromFileUrl(new URL("..", import.meta.url));
const data = await absolute(Deno.env.get("SIXFOLD_DATA_DIR") ?? `${root}data`);
const children: Deno.ChildProcess[] = [];
const gateways: Deno.ChildProcess[] = [];
let postgres: Postgres | undefined;
let stopping = false;

async function start(): Promise<void> {
  const given = Deno.env.get("DATABASE_URL");
  if (given === undefined) postgres = await startPostgres(`${data}/postgres`, await freePort(0));
  const port = await freePort(Number(Deno.env.get("SIXFOLD_PORT") ?? 8080));
  const shared = {
    DATABASE_URL: given ?? postgres?.url ?? "",
    SIXFOLD_CLUSTER_TOKEN: await clusterToken(),
    SIXFOLD_LOG: Deno.env.get("SIXFOLD_LOG") ?? "warn",
  };
  const gateway = launch(Deno.execPath(), [
    "run",
    "-A",
    "--no-prompt",
    "--unstable-no-legacy-abort",
    `${root}gateway/main.ts`,
  ], {
    ...shared,
    SIXFOLD_PORT: String(port),
  });
  gateways.push(gateway);
  // The gateway migrates the database before it serves; daemons that came first would find no tables.
  await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok);
  const bun = Deno.env.get("SIXFOLD_BUN") ?? "bun";
  const doors: string[] = [];
  for (let i = 0; i < DAEMONS; i++) {
    const httpPort = await freePortNear(51_051 + i);
    doors.push(`http://127.0.0.1:${httpPort}/readyz`);
    const daemon = launch(bun, ["run", `${root}node-daemon/main.ts`], {
      ...shared,
      SIXFOLD_DATA_DIR: `${data}/daemon-${i + 1}`,
      SIXFOLD_GRPC_PORT: String(await freePortNear(50_051 + i)),
      SIXFOLD_HTTP_PORT: String(httpPort),
    });
    children.push(daemon);
  }
  // After a crash PostgreSQL still knows the daemons of before: only the new ones can say that they are registered.
  for (const door of doors) await until(async () => (await fetch(door)).ok);
  await until(async () => {
    const state = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
    return state.ready && state.servers >= DAEMONS;
  });
  console.log(`Data:  ${data}`);
  console.log(`Try:   curl -T photo.jpg http://127.0.0.1:${port}/v1/files/demo/photo.jpg`);
  console.log(`Sixfold is ready at http://127.0.0.1:${port}`);
}

function launch(command: string, args: string[], env: Record<string, string>): Deno.ChildProcess {
  const child = new Deno.Command(command, { args, env, stdin: "null", stdout: "inherit", stderr: "inherit" }).spawn();
  child.status.then(({ code }) => {
    if (!stopping) void stop(`a process ended by itself with code ${code}; its message is above`);
  });
  return child;
}

/** Gateways first, so that running requests still find their daemons; PostgreSQL last. */
async function stop(reason?: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  if (reason !== undefined) console.error(reason);
  for (const group of [gateways, children]) {
    for (const child of group) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended already */ }
    }
    await Promise.all(group.map(({ status }) => status));
  }
  await postgres?.stop();
  Deno.exit(reason === undefined ? 0 : 1);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + READY_MS; Date.now() < end && !stopping;) {
    if (await condition().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the cluster is not ready after 60 s; look at the messages above");
}

async function clusterToken(): Promise<string> {
  const path = `${data}/cluster-token`;
  await Deno.mkdir(data, { recursive: true });
  const known = await Deno.readTextFile(path).catch(() => "");
  if (known !== "") return known;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  await Deno.writeTextFile(path, token, { mode: 0o600 });
  return token;
}

/** @throws Error with a sentence when the port is taken */
async function freePort(port: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", () => reject(new Error(`port ${port} is taken; choose another with SIXFOLD_PORT, or 0`)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === "object" ? address.port : port;
}

async function freePortNear(port: number): Promise<number> {
  return await freePort(port).catch(() => freePort(0));
}

async function absolute(path: string): Promise<string> {
  await Deno.mkdir(path, { recursive: true });
  return await Deno.realPath(path);
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => void stop());
try {
  await start();
} catch (error) {
  await stop(error instanceof Error ? error.message : String(error));
}
