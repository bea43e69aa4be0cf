import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { decodeHeader, PAGE } from "../shared/chunk_format.ts";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { queueRepairs } from "../gateway/db/repairs.ts";
import { untilWhole } from "../scripts/audit.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { chunkFiles, type Daemon, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
const BEAT = { SIXFOLD_HEARTBEAT: "500" };
const SETTINGS = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1", SIXFOLD_REPAIR_AFTER: "10s" };

Deno.test("what is missing or damaged is rebuilt", async (t) => {
  await using cluster = await TestCluster.start(0);
  for (let i = 0; i < 6; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, BEAT);
  const gateway = await cluster.addGateway(SETTINGS);
  let files = `${gateway}/v1/files/demo`;
  const sql = await openDatabase(cluster.postgres.url, 2);
  const folders = () => cluster.daemons.map(({ folder }) => folder);
  const sent = new Map<string, string>();
  const put = async (key: string, size: number) => {
    const body = makeBody(size);
    const response = await fetch(`${files}/${key}`, { method: "PUT", body: body.stream });
    assert.equal(response.status, 201);
    sent.set(key, body.digest());
    return String((await response.json()).id);
  };
  const same = async (key: string) =>
    assert.equal((await digestOf(await fetch(`${files}/${key}`))).sha256, sent.get(key));
  const counts = async () => {
    const [row] = await sql<{ repairs: number; parked: number; intents: number }[]>`
      SELECT (SELECT count(*) FROM repairs) AS repairs, (SELECT count(*) FROM intents) AS intents,
             (SELECT count(*) FROM repairs WHERE state = 'parked') AS parked`;
    return { repairs: Number(row?.repairs), parked: Number(row?.parked), intents: Number(row?.intents) };
  };
  const whole = async (ms = 60_000) => {
    await untilWhole(cluster.postgres.url, folders(), ms, async () => {
      const { repairs } = await counts();
      return repairs === 0 ? [] : [`${repairs} repairs are left`];
    });
    for (const key of sent.keys()) await same(key);
  };
  /** A chunk that missed the commit on a busy machine comes with its repair. */
  const pathOf = async (fileId: string, index: number) => {
    let found: string | undefined;
    await until(`there is no chunk ${index}`, 60_000, async () => {
      const [row] = await sql<{ id: string }[]>`
        SELECT chunk_id AS id FROM chunks WHERE file_id = ${fileId} AND index = ${index}`;
      const all = (await Promise.all(folders().map((folder) => chunkFiles(`${folder}/chunks`)))).flat();
      found = all.find((path) => path.endsWith(`/${row?.id}`));
      return found !== undefined;
    });
    return found ?? "";
  };
  const flip = async (path: string, at: number) => {
    const file = await Deno.open(path, { read: true, write: true });
    const byte = new Uint8Array(1);
    await file.seek(at, Deno.SeekMode.Start);
    await file.read(byte);
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(Uint8Array.of((byte[0] ?? 0) ^ 4));
    file.close();
  };
  const restart = async (daemon: Daemon) => {
    cluster.daemons.splice(cluster.daemons.indexOf(daemon), 1);
    return await cluster.addDaemon(daemon.folder, BEAT);
  };
  const kill = async (daemon: Daemon) => {
    daemon.process.kill("SIGKILL");
    await daemon.process.status;
  };
  try {
    await t.step("a flipped bit in data and a missing parity chunk", async () => {
      const fileId = await put("flipped", 9 * MIB + 5);
      await flip(await pathOf(fileId, 1), MIB + 100_000);
      await Deno.remove(await pathOf(fileId, 5));
      await same("flipped");
      await queueRepairs(sql, [1, 5].map((index) => ({ fileId, segment: 0, index, reason: "found by the test" })));
      await whole();
      const labels = await Promise.all([0, 1, 5].map(async (index) => {
        return decodeHeader((await Deno.readFile(await pathOf(fileId, index))).subarray(0, PAGE)).label;
      }));
      assert.deepEqual(labels, [labels[0], labels[0], labels[0]], "a rebuilt chunk says less of its file");
    });

    await t.step("three chunks with one bad block each, in different stripes", async () => {
      const fileId = await put("three", 16 * MIB);
      for (const [i, index] of [0, 2, 4].entries()) {
        await flip(await pathOf(fileId, index), 4096 + i * (MIB + 23) + 5000);
      }
      await same("three");
      await queueRepairs(sql, [0, 2, 4].map((index) => ({ fileId, segment: 0, index, reason: "found by the test" })));
      await whole();
    });

    await t.step("a server away for too long; when it is back, its old chunks go", async () => {
      for (let i = 0; i < 8; i++) await put(`away-${i}`, 3 * MIB + i);
      const form = JSON.stringify({ bucket: "demo", key: "in-parts" });
      const { id } = await (await fetch(`${gateway}/v1/uploads`, { method: "POST", body: form })).json();
      const part = makeBody(5 * MIB);
      await fetch(`${gateway}/v1/uploads/${id}/parts/0`, { method: "PUT", body: part.stream });
      const daemon = cluster.daemons[2];
      assert.ok(daemon);
      await kill(daemon);
      cluster.daemons.splice(2, 1);
      await untilWhole(cluster.postgres.url, folders());
      const [row] = await sql`SELECT count(*)::int AS chunks FROM part_chunks WHERE upload_id = ${id}`;
      assert.equal(row?.["chunks"], 6);
      assert.equal((await fetch(`${gateway}/v1/uploads/${id}/complete`, { method: "POST" })).status, 200);
      sent.set("in-parts", part.digest());
      for (const key of sent.keys()) await same(key);
      await cluster.addDaemon(daemon.folder, BEAT);
      await whole(120_000);
    });

    await t.step("what cannot be rebuilt is parked, and mended once the server is back", async () => {
      const fileId = await put("parked", 5 * MIB);
      const paths = await Promise.all([0, 1, 2].map((index) => pathOf(fileId, index)));
      for (const path of paths) await Deno.rename(path, `${cluster.folder}/${path.split("/").at(-1)}`);
      await queueRepairs(sql, [0].map((index) => ({ fileId, segment: 0, index, reason: "found by the test" })));
      await until("it is not parked", 60_000, async () => (await counts()).parked === 1);
      const admin = createClient(ClusterService, fetchTransport(gateway));
      const { repairs } = await admin.listRepairs({ limit: 1 });
      assert.equal(repairs[0]?.fileId, fileId);
      assert.match(repairs[0]?.problem ?? "", /too few good chunks/);
      const first = repairs.find(({ state }) => state === "parked") ?? repairs[0];
      assert.equal((await admin.retryRepair({ fileId, segment: 0, index: first?.index ?? 0 })).count, 1n);
      assert.ok((await admin.getRepairs({})).bytesLeft > 0n);
      for (const path of paths.slice(1)) await Deno.rename(`${cluster.folder}/${path.split("/").at(-1)}`, path);
      const [daemon] = cluster.daemons;
      assert.ok(daemon);
      await kill(daemon);
      await restart(daemon);
      await whole();
    });

    await t.step("a gateway killed in the middle: another goes on, and nothing is left", async () => {
      const fileId = await put("large", 80 * MIB);
      for (const index of [0, 5]) await Deno.remove(await pathOf(fileId, index));
      const slow = await cluster.addGateway({ ...SETTINGS, SIXFOLD_REPAIR_RATE: "2M" });
      // Only the slow one is left, and is killed while it writes.
      const [first, second] = cluster.gateways.splice(0, 2);
      first?.kill("SIGTERM");
      await first?.status;
      await queueRepairs(sql, [0, 5].map((index) => ({ fileId, segment: 0, index, reason: "found by the test" })));
      await until("no repair runs", 30_000, async () => (await counts()).intents > 0);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      second?.kill("SIGKILL");
      await second?.status;
      assert.ok((await counts()).intents > 0, slow);
      files = `${await cluster.addGateway(SETTINGS)}/v1/files/demo`;
      await sql`UPDATE intents SET lease_until = now()`;
      await whole(90_000);
    });
  } finally {
    await sql.end();
  }
});
