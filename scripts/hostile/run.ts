/** Odd requests at every door of a cluster of real processes, and what must be so afterwards. */
import { createHash } from "node:crypto";
import { residentMemory } from "../faults/process_watch.ts";
import { type LocalCluster, TOKEN } from "../local_cluster.ts";
import { attack, type Outcome } from "./attack.ts";
import { DAEMON_DOORS, GATEWAY_DOORS, GRPC_DOOR, type Inside } from "./doors.ts";
import { exchange } from "./exchange.ts";
import { callGrpc, sendNoise } from "./grpc_exchange.ts";

/** A key with all rights. */
const KEY = `sixfold_0123456789abcdef_${"A".repeat(43)}`;
/** The settings of the gateway that is asked: limits on the number of requests would hide what lies behind them. */
export const HOSTILE_GATEWAY = {
  SIXFOLD_ADMIN_KEY: KEY,
  SIXFOLD_KEY_RATE: "1000000",
  SIXFOLD_BLOCK_SIZE: "64K",
  SIXFOLD_LOG: "error",
};
/** What a process may hold at any time, and, of more, beyond what it had after a tenth of a door's requests, in MiB. */
const USUAL_MEMORY = 208;
const MORE_MEMORY = 32;

/** @throws Error that names what was wrong */
export async function runHostile(
  cluster: LocalCluster,
  gateway: string,
  requests: number,
  seed: number,
  tell: (line: string) => void,
): Promise<void> {
  const url = `http://${gateway}`;
  const authorization = { authorization: `Bearer ${KEY}` };
  const body = Uint8Array.from({ length: 900_000 }, (_, i) => (i * 31) ^ (i >> 8));
  const files = [["small", body.slice(0, 100)], ["large", body]] as const;
  const known = ["demo", "small", "large"];
  // Outside of what the requests name, so that it must be there in the end.
  for (const [key, bytes] of files) {
    for (const bucket of ["demo", "control"]) {
      const put = await fetch(`${url}/v1/files/${bucket}/${key}`, {
        method: "PUT",
        body: bytes,
        headers: authorization,
      });
      const { id } = await put.json();
      if (bucket === "demo") known.push(id);
    }
  }
  const uploads: string[] = [];
  for (let i = 0; i < 20; i++) {
    const made = await fetch(`${url}/v1/uploads`, {
      method: "POST",
      body: JSON.stringify({ bucket: "demo", key: `upload ${i}`, size: 200_000 }),
      headers: authorization,
    });
    uploads.push((await made.json()).id);
  }
  known.push(...uploads);
  const inside: Inside = { secret: KEY, known, uploads };
  const [daemon] = cluster.daemons;
  if (daemon === undefined) throw new Error("there is no daemon");
  const faults: string[] = [];
  const at = async (name: string, pid: number, make: (requests: number, seed: number) => Promise<Outcome>) => {
    const began = performance.now();
    const tenth = Math.ceil(requests / 10);
    const first = await make(tenth, seed);
    const before = await residentMemory(pid);
    const rest = await make(requests - tenth, seed + 1);
    const after = await residentMemory(pid);
    const statuses = { ...first.statuses };
    for (const [status, count] of Object.entries(rest.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
    const found = [...first.faults, ...rest.faults];
    if (after === 0) found.push("the process has ended");
    if (after > Math.max(before + MORE_MEMORY, USUAL_MEMORY)) {
      found.push(`memory grew from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`);
    }
    faults.push(...found.map((fault) => `${name}: ${fault}`));
    const told = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`).join(", ");
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    tell(`${name}: ${requests} requests in ${seconds} s, ${before.toFixed(0)} to ${after.toFixed(0)} MiB; ${told}`);
  };
  const process = cluster.gateways.at(-1);
  for (const [name, door] of Object.entries(GATEWAY_DOORS)) {
    await at(
      name,
      process?.pid ?? 0,
      (requests, seed) =>
        attack({ door, inside, send: (request) => exchange(gateway, request), requests, seed, shut: name === "keys" }),
    );
  }
  const token: Inside = { ...inside, secret: TOKEN };
  for (const [name, door] of Object.entries(DAEMON_DOORS)) {
    await at(
      name,
      daemon.process.pid,
      (requests, seed) =>
        attack({ door, inside: token, send: (request) => exchange(daemon.http, request), requests, seed }),
    );
  }
  await at("daemon, native gRPC", daemon.process.pid, (requests, seed) =>
    attack({
      door: GRPC_DOOR,
      inside: token,
      send: (request, random) => random.next() < 0.1 ? sendNoise(daemon.grpc, random) : callGrpc(daemon.grpc, request),
      requests,
      seed,
    }));
  for (const [key, bytes] of files) {
    const back = await (await fetch(`${url}/v1/files/control/${key}`, { headers: authorization })).bytes();
    if (digest(back) !== digest(bytes)) faults.push(`the file ${key} is not what it was`);
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
