/**
 * `npm run soak`: real input. The project's whole node_modules and a stream of 10 GiB of unknown length go in through REST
 * and must come back the same through REST, Connect and gRPC-Web, while the servers' memory stays bounded.
 */
import { createClient, type Transport } from "@connectrpc/connect";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { createHash } from "node:crypto";
import { bytes, readSettings } from "../shared/config.ts";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { peakMemory } from "./bench/usage.ts";
import { digestOf, makeBody } from "./bodies.ts";
import { type LocalCluster, withCluster } from "./local_cluster.ts";
import { ROOT } from "./programs.ts";

const GIB = 1024 ** 3;
/** The most memory that a gateway or a daemon may ever have taken, in MiB. */
const MOST_MEMORY = 256;
const CLIENTS = 16;
const SETTINGS = { SIXFOLD_SOAK_BYTES: bytes("The size of the stream.", "10G") };

/** What to put in. */
export interface Input {
  /** A folder whose files go in under their paths. */
  readonly tree: string;
  /** At most so many of them. */
  readonly files: number;
  /** The size of the stream, in bytes. */
  readonly stream: number;
}

/**
 * Puts everything in and reads it back three times.
 * @throws Error that names what came back otherwise, or who took too much memory
 */
export async function soak(cluster: LocalCluster, url: string, input: Input): Promise<void> {
  const digests = new Map<string, string>();
  const paths = (await Array.fromAsync(filesBelow(input.tree, ""))).slice(0, input.files);
  const began = performance.now();
  const processes = [...cluster.gateways, ...cluster.daemons.map(({ process }) => process)];
  const tell = async (what: string) => {
    const peaks = await Promise.all(processes.map(({ pid }) => peakMemory(pid)));
    const [gateway, ...daemons] = peaks.map(Math.round);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${seconds} s: ${what}; peak memory: gateway ${gateway} MiB, daemons ${Math.max(...daemons)} MiB`);
    if (peaks.some((peak) => peak > MOST_MEMORY)) throw new Error(`more than ${MOST_MEMORY} MiB of memory were taken`);
  };
  await each(paths, async (path) => {
    const bytes = await Deno.readFile(`${input.tree}/${path}`);
    digests.set(path, createHash("sha256").update(bytes).digest("hex"));
    await put(url, path, bytes);
  });
  await tell(`${digests.size} files of ${input.tree} are in`);
  const body = makeBody(input.stream);
  await put(url, "a stream", body.stream);
  digests.set("a stream", body.digest());
  await tell(`a stream of ${(input.stream / GIB).toFixed(2)} GiB is in`);
  const readers = {
    "REST": async (key: string) => (await digestOf(await fetch(address(url, key)))).sha256,
    "Connect": rpcReader(fetchTransport(url, createConnect)),
    "gRPC-Web": rpcReader(fetchTransport(url)),
  };
  for (const [name, read] of Object.entries(readers)) {
    await each([...digests.keys()], async (key) => {
      if (await read(key) !== digests.get(key)) throw new Error(`${key} came back otherwise through ${name}`);
    });
    await tell(`everything is the same through ${name}`);
  }
}

function address(url: string, key: string): string {
  return `${url}/v1/files/soak/${key.split("/").map(encodeURIComponent).join("/")}`;
}

async function put(url: string, key: string, body: BodyInit): Promise<void> {
  const response = await fetch(address(url, key), { method: "PUT", body });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${key}: ${response.status} ${text}`);
}

function rpcReader(transport: Transport): (key: string) => Promise<string> {
  const files = createClient(FileService, transport);
  return async (key) => {
    const hash = createHash("sha256");
    for await (const { part } of files.download({ bucket: "soak", key })) {
      if (part.case === "data") hash.update(part.value);
    }
    return hash.digest("hex");
  };
}

/** Does something for each item, some at once. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await act(item);
  }));
}

/** The paths of all files below a folder; links are left out. */
async function* filesBelow(folder: string, prefix: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(`${folder}/${prefix}`)) {
    if (isDirectory) yield* filesBelow(folder, `${prefix}${name}/`);
    else if (isFile) yield `${prefix}${name}`;
  }
}

if (import.meta.main) {
  const { SIXFOLD_SOAK_BYTES: stream } = readSettings(SETTINGS, Deno.env.toObject());
  await withCluster({ daemons: 6 }, async ({ cluster, url }) => {
    await soak(cluster, url, { tree: `${ROOT}node_modules`, files: Infinity, stream });
  });
}
