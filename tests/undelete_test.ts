import assert from "node:assert/strict";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { openDatabase } from "../gateway/db/database.ts";
import { untilWhole } from "../scripts/audit.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { FileService } from "../shared/gen/sixfold/v1/files_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
const bucket = "demo";

Deno.test("a deleted file can be brought back as long as its bytes are there, whole or not at all", async (t) => {
  await using cluster = await TestCluster.start(6);
  const settings = { SIXFOLD_CLEANUP_EVERY: "1" };
  const gateway = await cluster.addGateway({ ...settings, SIXFOLD_GRACE: "1h" });
  const files = createClient(FileService, fetchTransport(gateway));
  const sql = await openDatabase(cluster.postgres.url, 2);
  const url = (key: string) => `${gateway}/v1/files/${bucket}/${key}`;
  const put = async (key: string, size: number) => {
    const body = makeBody(size);
    const headers = { "content-type": "text/x-test", "sixfold-meta-colour": "blue" };
    const response = await fetch(url(key), { method: "PUT", body: body.stream, headers });
    assert.equal(response.status, 201);
    await response.body?.cancel();
    return { sha256: body.digest(), length: size };
  };
  const read = async (key: string) => await digestOf(await fetch(url(key)));
  const fails = (key: string, fileId: string, code: Code) =>
    assert.rejects(files.undeleteFile({ bucket, key, fileId }), (error) => ConnectError.from(error).code === code);
  const counts = async () => {
    const [row] = await sql<{ garbage: number; deleted: number; repairs: number }[]>`
      SELECT (SELECT count(*)::int FROM garbage) AS garbage, (SELECT count(*)::int FROM deleted_files) AS deleted,
             (SELECT count(*)::int FROM repairs) AS repairs`;
    return row;
  };

  await t.step("chunks, bytes in PostgreSQL, parts and metadata are what they were", async () => {
    const sent = {
      "a/large": await put("a/large", 5 * MIB + 7),
      small: await put("small", 100),
      empty: await put("empty", 0),
    };
    const { upload } = await files.createUpload({ header: { bucket, key: "parts" } });
    const uploadId = upload?.id ?? "";
    const parts = [new Uint8Array(MIB).fill(1), new Uint8Array(10).fill(2), new Uint8Array(MIB).fill(3)];
    let offset = 0n;
    for (const data of parts) {
      await files.uploadPart({ uploadId, offset, data });
      offset += BigInt(data.length);
    }
    await files.completeUpload({ uploadId });
    for (const key of [...Object.keys(sent), "parts"]) {
      const before = (await files.getFile({ bucket, key })).file;
      const { fileId, restorableSeconds } = await files.deleteFile({ bucket, key });
      assert.deepEqual([fileId, restorableSeconds], [before?.id, 3600n]);
      assert.equal((await fetch(url(key), { method: "HEAD" })).status, 404);
      const { file } = await files.undeleteFile({ bucket, key, fileId });
      assert.deepEqual(file, before);
      // An answer may get lost.
      assert.deepEqual((await files.undeleteFile({ bucket, key, fileId })).file, before);
    }
    for (const [key, digest] of Object.entries(sent)) assert.deepEqual(await read(key), digest);
    const whole = Buffer.concat(parts);
    assert.ok(whole.equals(await (await fetch(url("parts"))).bytes()));
    // A chunk may have come late to its file: it is stored again, and its first copy is garbage for as long as the grace.
    await until("a repair goes on", 30_000, async () => (await counts())?.repairs === 0);
    const left = await sql`SELECT 1 FROM garbage JOIN chunks USING (chunk_id, server_id)`;
    assert.deepEqual([left.length, (await counts())?.deleted], [0, 0]);
  });

  await t.step("another file that has the key meanwhile stays", async () => {
    const first = await put("taken", MIB);
    const { fileId } = await files.deleteFile({ bucket, key: "taken" });
    const second = await put("taken", 2 * MIB);
    await fails("taken", fileId, Code.AlreadyExists);
    assert.deepEqual(await read("taken"), second);
    await files.deleteFile({ bucket, key: "taken" });
    await files.undeleteFile({ bucket, key: "taken", fileId });
    assert.deepEqual(await read("taken"), first);
  });

  await t.step("over plain HTTP, with an id or the one that was deleted last", async () => {
    const remove = async (key: string) => {
      const response = await fetch(url(key), { method: "DELETE" });
      assert.deepEqual([response.status, response.headers.get("sixfold-restorable-seconds")], [204, "3600"]);
      return response.headers.get("sixfold-deleted-id") ?? "";
    };
    const back = async (key: string, query = "") => {
      const response = await fetch(`${gateway}/v1/undelete/${bucket}/${key}${query}`, { method: "POST" });
      return [response.status, (await response.json()).id];
    };
    const sent = [await put("b/plain%20é", MIB)];
    const ids = [await remove("b/plain%20é")];
    sent.push(await put("b/plain%20é", 2 * MIB));
    assert.equal((await back("b/plain%20é"))[0], 409);
    ids.push(await remove("b/plain%20é"));
    assert.deepEqual(await back("b/plain%20é"), [200, ids[1]]);
    assert.deepEqual(await read("b/plain%20é"), sent[1]);
    await remove("b/plain%20é");
    // An answer may get lost.
    for (let i = 0; i < 2; i++) assert.deepEqual(await back("b/plain%20é", `?id=${ids[0]}`), [200, ids[0]]);
    assert.deepEqual(await read("b/plain%20é"), sent[0]);
    assert.equal((await back("b/never"))[0], 404);
    assert.equal((await back("b/never", "?id=x"))[0], 400);
  });

  await t.step("not under another key, not by no id, not what was replaced", async () => {
    await put("replaced", 10);
    const old = (await files.getFile({ bucket, key: "replaced" })).file?.id ?? "";
    await put("replaced", 20);
    await fails("replaced", old, Code.NotFound);
    const { fileId } = await files.deleteFile({ bucket, key: "replaced" });
    await fails("other", fileId, Code.NotFound);
    await fails("replaced", "x", Code.InvalidArgument);
  });

  await t.step("what was missing is queued for repair", async () => {
    const digest = await put("lacking", 5 * MIB);
    const id = (await files.getFile({ bucket, key: "lacking" })).file?.id ?? "";
    await sql`
      WITH gone AS (DELETE FROM chunks WHERE file_id = ${id} AND index = 3 RETURNING chunk_id, server_id)
      INSERT INTO garbage (chunk_id, server_id, due_at) SELECT chunk_id, server_id, now() + interval '1 hour' FROM gone`;
    const { fileId } = await files.deleteFile({ bucket, key: "lacking" });
    await files.undeleteFile({ bucket, key: "lacking", fileId });
    await until("the chunk is not rebuilt", 30_000, async () => {
      const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM chunks WHERE file_id = ${id}`;
      return row?.n === 6 && (await counts())?.repairs === 0;
    });
    assert.deepEqual(await read("lacking"), digest);
  });

  await t.step("in a race with the removal, it is whole or gone", async () => {
    const keys = Array.from({ length: 24 }, (_, i) => `race-${i}`);
    const sent = new Map(await Promise.all(keys.map(async (key) => [key, await put(key, MIB)] as const)));
    const deleted = await Promise.all(keys.map(async (key) => {
      return { key, id: (await files.deleteFile({ bucket, key })).fileId };
    }));
    // They fall due one after another, each with all of its chunks, while somebody asks for them again and again.
    await Promise.all(deleted.map(({ id }, i) =>
      sql`
      UPDATE garbage SET due_at = now() + make_interval(secs => ${0.1 * i}) WHERE chunk_id LIKE ${`${id}.%`}`
    ));
    const back: string[] = [];
    await Promise.all(deleted.map(async ({ key, id }, i) => {
      await new Promise((resolve) => setTimeout(resolve, 100 * i + 300 * Math.random() - 150));
      await files.undeleteFile({ bucket, key, fileId: id }).then(() => back.push(key), (error) => {
        assert.equal(ConnectError.from(error).code, Code.NotFound, String(error));
      });
    }));
    await until("the garbage does not go", 60_000, async () => {
      const [row] = await sql<
        { n: number }[]
      >`SELECT count(*)::int AS n FROM garbage WHERE due_at < now() + interval '1 minute'`;
      return row?.n === 0;
    });
    for (const key of keys) {
      if (back.includes(key)) assert.deepEqual(await read(key), sent.get(key), key);
      else assert.equal((await fetch(url(key), { method: "HEAD" })).status, 404);
    }
  });

  await t.step("after its time it is gone for good, everywhere", async () => {
    await sql`UPDATE garbage SET due_at = now()`;
    await sql`UPDATE deleted_files SET until = now()`;
    await until("something is left", 60_000, async () => {
      const left = await counts();
      return left?.garbage === 0 && left.deleted === 0;
    });
    await untilWhole(cluster.postgres.url, cluster.daemons.map(({ folder }) => folder));
    const brief = await cluster.addGateway({ ...settings, SIXFOLD_GRACE: "0" });
    const others = createClient(FileService, fetchTransport(brief));
    const { fileId, restorableSeconds } = await others.deleteFile({ bucket, key: "small" });
    assert.equal(restorableSeconds, 0n);
    await fails("small", fileId, Code.NotFound);
    assert.equal((await counts())?.deleted, 0);
  });
  await sql.end();
});
