/** The database is lost: what a backup brings back, what the disks still say, and stores of earlier versions. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readLines, writeLines } from "../gateway/backup_file.ts";
import { backupLines } from "../gateway/db/backup.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { LocalCluster } from "../scripts/local_cluster.ts";
import { stopAll, until } from "../scripts/programs.ts";
import { listFromDisks } from "../scripts/rebuild_list.ts";
import { backupProgram } from "./backup_program.ts";
import { chunkFiles } from "./cluster.ts";
import { GOLDEN, type GoldenStore } from "./golden_store.ts";

/** Segments with chunks at the end: three of the old files, one of the completed upload, and three new ones. */
const CHUNKS_OF_ALL = 7;
const QUICK = { SIXFOLD_CLEANUP_EVERY: "1", SIXFOLD_BLOCK_SIZE: "64K" };

/** The cluster's database is dropped, and an empty one made. */
async function dropDatabase({ postgres }: LocalCluster): Promise<void> {
  const other = new URL(postgres.url);
  other.pathname = "/template1";
  const sql = await openDatabase(other.href, 1);
  await sql`DROP DATABASE postgres WITH (FORCE)`;
  await sql`CREATE DATABASE postgres`;
  await sql.end();
}

async function stop(cluster: LocalCluster): Promise<void> {
  await stopAll(cluster.gateways.splice(0));
  await stopAll(cluster.daemons.splice(0).map(({ process }) => process));
}

/** What a store of an earlier version has, its database restored already. */
async function takeOver(cluster: LocalCluster, golden: string): Promise<string[]> {
  const folders: string[] = [];
  for (let i = 0; i < 6; i++) {
    const folder = `${cluster.folder}/daemon-${i}`;
    await new Deno.Command("cp", { args: ["-r", `${golden}/daemon-${i}`, folder] }).output();
    folders.push(folder);
  }
  return folders;
}

const versions = (await Array.fromAsync(Deno.readDir(GOLDEN))).map(({ name }) => name).sort();

for (const version of versions) {
  Deno.test(`the store that schema ${version} has left is gone on with, lost, and restored`, async (t) => {
    const golden = `${GOLDEN}/${version}`;
    const { key, upload, ...store }: GoldenStore = JSON.parse(await Deno.readTextFile(`${golden}/store.json`));
    const files: Record<string, string> = { ...store.files };
    await using cluster = await LocalCluster.open();
    const { url } = cluster.postgres;
    const folders = await takeOver(cluster, golden);
    const onDisk = async () => (await Promise.all(folders.map((folder) => chunkFiles(`${folder}/chunks`)))).flat();
    let gateway = "";
    const start = async (settings: Record<string, string>) => {
      // At once: until PostgreSQL has answered for a while, servers that were there count as there.
      const daemons = folders.map((folder) => cluster.addDaemon(folder));
      [gateway] = await Promise.all([cluster.addGateway({ ...QUICK, ...settings }), ...daemons]);
    };
    const ask = async (method: string, path: string, body?: BodyInit) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const response = await fetch(`${gateway}${path}`, { method, headers, ...(body && { body }) });
      return { status: response.status, bytes: await response.bytes(), headers: response.headers };
    };
    const rpc = async (name: string) => {
      const { bytes } = await ask("POST", `/sixfold.v1.ClusterService/${name}`, "{}");
      return JSON.parse(new TextDecoder().decode(bytes));
    };
    const readAll = async () => {
      for (const [path, sha256] of Object.entries(files)) {
        const { status, bytes, headers } = await ask("GET", `/v1/files/${encodeURI(path)}`);
        assert.equal(status, 200, path);
        assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256, path);
        assert.equal(headers.get("sixfold-meta-colour"), "blue");
      }
    };
    const deleteAll = async (paths: readonly string[]) => {
      for (const path of paths) assert.equal((await ask("DELETE", `/v1/files/${encodeURI(path)}`)).status, 204);
    };

    const step = async (name: string, work: () => Promise<void>) => assert.ok(await t.step(name, work));

    await step("a backup is restored into an empty database, all of it or nothing", async () => {
      const cut = `${cluster.folder}/cut`;
      const lines = await Array.fromAsync(readLines(`${golden}/backup`));
      const cases: [RegExp, string[]][] = [
        [/ends too soon/, lines.slice(0, -1)],
        [/should have \d+ rows/, lines.toSpliced(2, 1)],
        [/newer version/, [lines[0]?.replace(/"schema":\d+/, '"schema":9999') ?? "", ...lines.slice(1)]],
        [/no backup/, ["{}"]],
      ];
      for (const [sentence, some] of cases) {
        await writeLines(
          cut,
          (async function* () {
            yield* some;
          })(),
        );
        const { code, err } = await backupProgram("restore", cut, url);
        assert.equal(code, 1);
        assert.match(err, sentence);
      }
      const { code, err } = await backupProgram("restore", `${golden}/backup`, url);
      assert.equal(code, 0, err);
      assert.match((await backupProgram("restore", `${golden}/backup`, url)).err, /into an empty database/);
    });

    await step("a backup has the rows of one moment, whatever is stored meanwhile", async () => {
      const sql = await openDatabase(url, 2);
      await sql.begin(async (tx) => {
        const lines = backupLines(tx, { mark() {}, table() {} });
        assert.match(String((await lines.next()).value), /^{"format":/);
        await sql`INSERT INTO buckets (name) VALUES ('meanwhile')`;
        const all = await Array.fromAsync(lines);
        assert.ok(all.some((line) => line.startsWith('{"name":"golden"')));
        assert.deepEqual(all.filter((line) => line.includes("meanwhile")), []);
      }, "patient");
      await sql`DELETE FROM buckets WHERE name = 'meanwhile'`;
      await sql.end();
    });

    await step(
      "this version reads everything, completes what was open, and removes nothing until it may",
      async () => {
        await start({ SIXFOLD_GRACE: "0" });
        await readAll();
        assert.match((await rpc("ListReconciliations")).doubt, /restored from a backup of|gone back in time/);
        assert.equal((await ask("POST", `/v1/uploads/${upload.id}/complete`)).status, 200);
        Object.assign(files, { [upload.path]: upload.sha256 });
        const [large = ""] = Object.keys(files).filter((path) => path.includes("6+0"));
        const before = (await onDisk()).length;
        await deleteAll([large]);
        delete files[large];
        await new Promise((resolve) => setTimeout(resolve, 3000));
        assert.equal((await onDisk()).length, before);
        await rpc("ConfirmDatabase");
        await until(
          "nothing is removed after the confirmation",
          60_000,
          async () => (await onDisk()).length === before - 6,
        );
      },
    );
    if (version !== versions.at(-1)) return;

    await step(
      "the database is dropped: the disks still say which files there were, and which can be read",
      async () => {
        // What is deleted through this one stays on the disks for a while.
        gateway = await cluster.addGateway({ ...QUICK, SIXFOLD_GRACE: "1h" });
        for (const [path, size] of [["demo/a/b", 1_000_000], ["demo/日本", 700_001]] as const) {
          await put(path, size);
        }
        const { code, out, err } = await backupProgram("backup", `${cluster.folder}/backup`, url);
        assert.equal(code, 0, err);
        assert.match(
          out,
          new RegExp(`: 6 storage_servers, ${Object.keys(files).length} files, 0 upload_sessions, 1 api_keys;`),
        );
        await put("demo/later", 100_000);
        delete files["demo/later"];
        await deleteAll(["demo/a/b"]);
        await until("a chunk is missing", 60_000, async () => (await onDisk()).length === CHUNKS_OF_ALL * 6);
        await stop(cluster);
        await dropDatabase(cluster);

        const told = async (from: readonly string[]) =>
          (await listFromDisks(from)).files.filter(({ bucket }) => bucket === "demo").map(
            ({ key, contentType, segments, readable }) => {
              assert.equal(Object.keys(segments[0]?.chunks ?? {}).length, from.length);
              return { key, contentType, atMost: segments.reduce((sum, { atMost }) => sum + atMost, 0), readable };
            },
          );
        const common = { contentType: "text/x", readable: true };
        const all = [["a/b", 1_000_000], ["later", 100_000], ["日本", 700_004]].map(([key, atMost]) => {
          return { ...common, key, atMost };
        });
        assert.deepEqual(await told(folders), all);
        assert.deepEqual(await told(folders.slice(2)), all);
        assert.deepEqual(await told(folders.slice(3)), all.map((file) => ({ ...file, readable: false })));
        const [hit = ""] = await chunkFiles(`${folders[0]}/chunks`);
        const bytes = await Deno.readFile(hit);
        await Deno.writeFile(hit, new Uint8Array(5000));
        assert.equal((await listFromDisks(folders)).damaged.length, 1);
        await Deno.writeFile(hit, bytes);
      },
    );

    await step("restored, it has the files of the backup; newer chunks stay until it is confirmed", async () => {
      const { code, err } = await backupProgram("restore", `${cluster.folder}/backup`, url);
      assert.equal(code, 0, err);
      await start({ SIXFOLD_RECONCILE_EVERY: "1" });
      await readAll();
      assert.equal((await ask("GET", "/v1/files/demo/later")).status, 404);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      assert.equal((await onDisk()).length, CHUNKS_OF_ALL * 6);
      assert.match((await rpc("ListReconciliations")).doubt, /^it was restored from a backup of 20/);
      await rpc("ConfirmDatabase");
      await until("strays stay", 60_000, async () => (await onDisk()).length === (CHUNKS_OF_ALL - 1) * 6);
      await readAll();
    });

    async function put(path: string, size: number): Promise<void> {
      const body = new Uint8Array(size).fill(7);
      const headers = { authorization: `Bearer ${key}`, "content-type": "text/x", "sixfold-meta-colour": "blue" };
      const answer = await fetch(`${gateway}/v1/files/${encodeURI(path)}`, { method: "PUT", headers, body });
      assert.equal(answer.status, 201, await answer.text());
      files[path] = createHash("sha256").update(body).digest("hex");
    }
  });
}
