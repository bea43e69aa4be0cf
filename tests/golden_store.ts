/**
 * Stores as earlier versions have left them: a backup of the database and the daemons' folders, kept as test data, which
 * this version has to go on with. A new one is made before the schema or the format changes, by:
 * deno run -A tests/golden_store.ts 0013
 */
import { createHash } from "node:crypto";
import { backupProgram } from "./backup_program.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";
import { ROOT, stopAll, until } from "../scripts/programs.ts";

/** Where they are: a folder each, named after the newest migration of its version. */
export const GOLDEN = `${ROOT}tests/testdata/stores`;

/** What is known of such a store, in its store.json. */
export interface GoldenStore {
  /** A key that may do everything. */
  readonly key: string;
  /** The SHA-256 of each file, by its path below /v1/files/. */
  readonly files: Readonly<Record<string, string>>;
  /** An upload in parts that is complete but for saying so, and the path and the SHA-256 that it will have. */
  readonly upload: { readonly id: string; readonly path: string; readonly sha256: string };
}

/** Bytes that compress well: the repository keeps them. */
function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, i) => i >> 6);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Makes a store with one of each: layouts, several stripes, a small file, an open upload, metadata, a key. */
async function makeGolden(name: string): Promise<void> {
  await using cluster = await TestCluster.start(6);
  const files: Record<string, string> = {};
  const common = { SIXFOLD_BLOCK_SIZE: "4K", SIXFOLD_INLINE_MAX: "1K", SIXFOLD_SESSION_TTL: "36500d" };
  let url = "";
  for (const layout of ["6+0", "5+1", "3+3", "4+2"]) {
    url = await cluster.addGateway({ ...common, SIXFOLD_LAYOUT: layout });
    await put(`golden/${layout}/日本`, 30_001);
  }
  await put("golden/small", 1000);
  await put("golden/empty", 0);
  const path = "golden/by parts";
  const opened = await fetch(`${url}/v1/uploads`, {
    method: "POST",
    body: JSON.stringify({ bucket: "golden", key: "by parts", size: 6000, metadata: { colour: "blue" } }),
  });
  const { id } = await opened.json();
  const whole = bytesOf(6000);
  for (const [from, to] of [[5000, 6000], [0, 5000]] as const) {
    const part = await fetch(`${url}/v1/uploads/${id}/parts/${from}`, { method: "PUT", body: whole.slice(from, to) });
    if (!part.ok) throw new Error(await part.text());
  }
  const folders = cluster.daemons.map(({ folder }) => folder);
  await until("a chunk is missing", 60_000, async () => {
    return (await Promise.all(folders.map((folder) => chunkFiles(`${folder}/chunks`)))).flat().length === 5 * 6;
  });
  const made = await fetch(`${url}/sixfold.v1.KeyService/CreateKey`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "golden", verbs: ["read", "write", "delete", "observe", "admin"] }),
  });
  const { apiKey: key } = await made.json();
  const target = `${GOLDEN}/${name}`;
  await Deno.mkdir(target, { recursive: true });
  const { code, err } = await backupProgram("backup", `${target}/backup`, cluster.postgres.url);
  if (code !== 0) throw new Error(err);
  await stopAll(cluster.gateways.splice(0));
  await stopAll(cluster.daemons.splice(0).map(({ process }) => process));
  for (const [i, folder] of folders.entries()) {
    await new Deno.Command("cp", { args: ["-r", folder, `${target}/daemon-${i}`] }).output();
    for (const rest of ["lock", "probe", "scrub", "tmp", "quarantine"]) {
      await Deno.remove(`${target}/daemon-${i}/${rest}`, { recursive: true }).catch(() => {});
    }
  }
  const store: GoldenStore = { key, files, upload: { id, path, sha256: sha256Of(whole) } };
  await Deno.writeTextFile(`${target}/store.json`, `${JSON.stringify(store, null, 2)}\n`);

  async function put(path: string, size: number): Promise<void> {
    const body = bytesOf(size);
    const headers = { "sixfold-meta-colour": "blue" };
    const answer = await fetch(`${url}/v1/files/${path}`, { method: "PUT", body, headers });
    if (answer.status !== 201) throw new Error(await answer.text());
    await answer.body?.cancel();
    files[path] = sha256Of(body);
  }
}

if (import.meta.main) await makeGolden(Deno.args[0] ?? "");
