import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { chunkFolder, newUuid } from "../shared/chunk_id.ts";
import { untilWhole } from "../scripts/audit.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
const BEAT = { SIXFOLD_HEARTBEAT: "500", SIXFOLD_QUARANTINE: "8s" };
/** One daemon looks through its 65,536 folders again and again: six would take the machine. */
const SCRUBS = { ...BEAT, SIXFOLD_SCRUB_EVERY: "4s" };
const SETTINGS = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1", SIXFOLD_RECONCILE_EVERY: "1s" };

Deno.test("disks and database are brought together, and a wrong database costs no chunk", async (t) => {
  await using cluster = await TestCluster.start(0);
  for (let i = 0; i < 6; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, i === 0 ? SCRUBS : BEAT);
  const gateways = [await cluster.addGateway(SETTINGS), await cluster.addGateway(SETTINGS)];
  const files = `${gateways[0]}/v1/files/demo`;
  const admin = createClient(ClusterService, fetchTransport(gateways[1] ?? ""));
  const sql = await openDatabase(cluster.postgres.url, 2);
  const folders = cluster.daemons.map(({ folder }) => folder);
  const sent = new Map<string, string>();
  const put = async (key: string, size: number) => {
    const body = makeBody(size);
    const response = await fetch(`${files}/${key}`, { method: "PUT", body: body.stream });
    assert.equal(response.status, 201);
    sent.set(key, body.digest());
    return String((await response.json()).id);
  };
  const readAll = async () => {
    for (const [key, sha256] of sent) assert.equal((await digestOf(await fetch(`${files}/${key}`))).sha256, sha256);
  };
  const aside = async () => (await Promise.all(folders.map((folder) => chunkFiles(`${folder}/quarantine`)))).flat();
  const kept = async () => (await Promise.all(folders.map((folder) => chunkFiles(`${folder}/chunks`)))).flat();
  /** Every server's disk is compared once more, from now on, and nothing is found. */
  const rounds = async (count: number) => {
    const [{ began } = { began: new Date() }] = await sql<{ began: Date }[]>`SELECT now() AS began`;
    await until("not every comparison ends", 60_000, async () => {
      const [row] = await sql<{ done: number }[]>`
        SELECT count(*)::int AS done FROM reconciliations WHERE ended_at > ${began} AND strays = 0 AND lost = 0`;
      return (row?.done ?? 0) >= count;
    });
  };
  const plant = async (folder: string, count: number) => {
    const [model = ""] = await chunkFiles(`${folder}/chunks`);
    for (let i = 0; i < count; i++) {
      const id = `${newUuid()}.0.1.0`;
      await Deno.mkdir(`${folder}/chunks/${chunkFolder(id)}`, { recursive: true });
      await Deno.copyFile(model, `${folder}/chunks/${chunkFolder(id)}/${id}`);
    }
  };
  try {
    await t.step(
      "a stray goes aside and then away; a lost chunk is rebuilt; both gateways share the work",
      async () => {
        for (let i = 0; i < 10; i++) await put(`file-${i}`, 2 * MIB + i);
        await plant(folders[0] ?? "", 2);
        const [lost = ""] = await chunkFiles(`${folders[1]}/chunks`);
        await Deno.remove(lost);
        await until("the strays stay", 60_000, async () => (await aside()).length === 2);
        await untilWhole(cluster.postgres.url, folders);
        await until("what was set aside stays", 30_000, async () => (await aside()).length === 0);
        await readAll();
        const { work } = await admin.listWork({});
        assert.deepEqual(work.map(({ name }) => name).sort(), [
          "absence",
          "cleanup",
          "move",
          "plan",
          "reconcile",
          "repair",
        ]);
        for (const { name, state, lastEnd, lastError } of work) assert.ok(lastEnd, `${name}: ${state} ${lastError}`);
      },
    );

    await t.step("uploads in flight are never taken for strays", async () => {
      const end = Date.now() + 6000;
      await Promise.all(Array.from({ length: 4 }, async (_, lane) => {
        for (let i = 0; Date.now() < end; i++) {
          await put(`flight-${lane}-${i % 3}`, MIB + i);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }));
      assert.deepEqual(await aside(), []);
      await readAll();
      await untilWhole(cluster.postgres.url, folders);
    });

    await t.step("more than a few strays: the pass stops and asks", async () => {
      const before = (await kept()).length;
      await plant(folders[2] ?? "", 8);
      await until("the pass does not stop", 60_000, async () => {
        const [row] = await sql<{ halted: number }[]>`
          SELECT count(*)::int AS halted FROM reconciliations WHERE state = 'halted' AND strays >= 8`;
        return row?.halted === 1;
      });
      assert.equal((await aside()).length, 0);
      assert.ok((await kept()).length >= before + 8);
      const { reconciliations } = await admin.listReconciliations({});
      const serverId = reconciliations.find(({ state }) => state === "halted")?.serverId ?? "";
      await admin.allowReconciliation({ serverId });
      await assert.rejects(admin.allowReconciliation({ serverId }), /has stopped/);
      await until("what was allowed stays", 60_000, async () => (await aside()).length === 8);
      await until("what was set aside stays", 30_000, async () => (await aside()).length === 0);
    });

    await t.step("the scrub finds a flipped bit; the bad file goes aside once it is replaced", async () => {
      const id = await put("flipped", 5 * MIB);
      const { serverId } = JSON.parse(await Deno.readTextFile(`${folders[0]}/server.json`));
      await until("it is not told that a chunk was read again, and no other", 60_000, async () => {
        const { chunks } = await admin.locate({ bucket: "demo", key: "flipped" });
        const read = chunks.filter(({ verifiedAt }) => verifiedAt !== undefined).map((chunk) => chunk.serverId);
        return read.length === 1 && read[0] === serverId;
      });
      const path = (await chunkFiles(`${folders[0]}/chunks`)).find((name) => name.includes(`${id}.0.`)) ?? "";
      const file = await Deno.open(path, { read: true, write: true });
      await file.seek(200_000, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(1, 2, 3));
      file.close();
      const name = path.split("/").at(-1) ?? "";
      await until("the bad file is not set aside", 60_000, async () => (await aside()).some((it) => it.endsWith(name)));
      await untilWhole(cluster.postgres.url, folders);
      await readAll();
    });

    await t.step("a database that has gone back in time removes nothing until it is confirmed", async () => {
      const names = (await kept()).length;
      const id = await put("later", 2 * MIB);
      // What a backup of a while ago looks like: the file is not known, its chunks are garbage, the beats are old.
      await sql`UPDATE storage_servers SET beat = 1`;
      await until("nobody doubts", 30_000, async () => {
        const [row] = await sql<{ doubt: string | null }[]>`SELECT doubt FROM cluster`;
        return row?.doubt !== null && row !== undefined;
      });
      await sql`INSERT INTO garbage (chunk_id, server_id, due_at) SELECT ${id}::text, s.id, now() FROM storage_servers s`;
      await sql`DELETE FROM files WHERE id = ${id}`;
      sent.delete("later");
      await new Promise((resolve) => setTimeout(resolve, 5000));
      assert.equal((await kept()).length, names + 6);
      assert.match((await admin.listReconciliations({})).doubt, /gone back in time/);
      assert.equal((await admin.confirmDatabase({})).generation, 2n);
      await untilWhole(cluster.postgres.url, folders, 90_000);
      await rounds(6);
      assert.equal((await kept()).length, names);
      await readAll();
    });
  } finally {
    await sql.end();
  }
});
