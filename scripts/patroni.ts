/**
 * `npm run patroni`: kills the primary of a replicated PostgreSQL while files are stored, and looks whether one is lost.
 * It needs root and a Debian, and is no part of the gate.
 */
import { createHash } from "node:crypto";
import { sleep } from "../shared/sleep.ts";
import { NEEDS, PatroniNodes } from "./patroni/nodes.ts";
import { answers, freePort, launchDaemon, launchGateway, stopAll, until } from "./programs.ts";
import { debianTool } from "./tools.ts";

const CLIENTS = 8;
const LOAD_MS = 6000;
const READY_MS = 90_000;
/** After the promotion, within so many ms a file is stored again. */
const BACK_MS = 15_000;
/** Inline, and as chunks. */
const SIZES = [3000, 60_000];

/** A file that was acknowledged. */
interface Stored {
  readonly key: string;
  readonly sha256: string;
  readonly at: number;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Stores files one after another until it is told to stop; one that was not acknowledged is not tried again. */
async function store(files: string, client: number, stored: Stored[], stop: AbortSignal): Promise<number> {
  let refused = 0;
  for (let i = 0; !stop.aborted; i++) {
    const body = crypto.getRandomValues(new Uint8Array(SIZES[i % SIZES.length] ?? 1));
    const key = `${client}/${i}`;
    const status = await fetch(`${files}/${key}`, { method: "PUT", body }).then(async (answer) => {
      await answer.body?.cancel();
      return answer.status;
    }, () => 0);
    if (status === 201) stored.push({ key, sha256: sha256(body), at: performance.now() });
    else {
      refused++;
      await sleep(200, stop);
    }
  }
  return refused;
}

/** @returns whether nothing was lost, and the service came back in time */
async function failOver(folder: string, postgres: PatroniNodes): Promise<boolean> {
  const common = { DATABASE_URL: postgres.url, SIXFOLD_CLUSTER_TOKEN: crypto.randomUUID(), SIXFOLD_LOG: "error" };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const gateway = launchGateway({ ...common, SIXFOLD_PORT: String(port) });
  const daemons: Deno.ChildProcess[] = [];
  try {
    await until("the gateway does not serve", READY_MS, () => answers(`${url}/healthz`));
    for (let i = 0; i < 3; i++) {
      const ports = { SIXFOLD_GRPC_PORT: "0", SIXFOLD_HTTP_PORT: "0", SIXFOLD_RESERVE: "0" };
      daemons.push(launchDaemon({ ...common, ...ports, SIXFOLD_DATA_DIR: `${folder}/daemon-${i}` }));
    }
    await until("the cluster is not ready", READY_MS, () => answers(`${url}/readyz`));
    const stop = new AbortController();
    const stored: Stored[] = [];
    const files = `${url}/v1/files/failover`;
    const clients = Array.from({ length: CLIENTS }, (_, client) => store(files, client, stored, stop.signal));
    await sleep(LOAD_MS, stop.signal);
    const killed = performance.now();
    const former = await postgres.killPrimary();
    await postgres.promoted(former);
    const promoted = performance.now();
    await until("nothing is stored any more", READY_MS, () => Promise.resolve(stored.some(({ at }) => at > promoted)));
    const back = (stored.find(({ at }) => at > promoted)?.at ?? Infinity) - promoted;
    await sleep(LOAD_MS, stop.signal);
    stop.abort();
    const refused = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0);
    let lost = 0;
    for (const { key, sha256: hash } of stored) {
      const answer = await fetch(`${files}/${key}`);
      if (sha256(await answer.bytes()) !== hash) lost++;
    }
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    console.log(`promoted after ${seconds(promoted - killed)}, a file stored ${seconds(back)} later`);
    console.log(`${stored.length} files acknowledged, ${lost} lost; ${refused} calls refused meanwhile`);
    return lost === 0 && back < BACK_MS;
  } finally {
    await stopAll([gateway]);
    await stopAll(daemons);
  }
}

async function main(): Promise<boolean> {
  if (Deno.uid() !== 0) throw new Error("this needs root: PostgreSQL's nodes run as the user postgres");
  for (const [program, args, name] of NEEDS) if (await debianTool(program, args, name) === undefined) return false;
  const folder = await Deno.makeTempDir({ prefix: "sixfold-patroni-" });
  try {
    await Deno.chmod(folder, 0o755);
    await using postgres = await PatroniNodes.start(folder, 3);
    return await failOver(folder, postgres);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
