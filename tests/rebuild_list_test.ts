import assert from "node:assert/strict";
import { openDatabase } from "../gateway/db/database.ts";
import { listFromDisks } from "../scripts/rebuild_list.ts";
import { stopAll, until } from "../scripts/programs.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";

Deno.test("when the database is dropped, the disks still say which files there were, and which can be read", async () => {
  await using cluster = await TestCluster.start(6);
  const gateway = await cluster.addGateway({ SIXFOLD_BLOCK_SIZE: "64K" });
  const sizes = { "a/b": 1_000_000, "日本": 700_001, "small": 10 };
  for (const [key, size] of Object.entries(sizes)) {
    const path = key.split("/").map(encodeURIComponent).join("/");
    const response = await fetch(`${gateway}/v1/files/demo/${path}`, {
      method: "PUT",
      body: new Uint8Array(size).fill(7),
      headers: { "content-type": "text/x" },
    });
    assert.equal(response.status, 201, await response.text());
  }
  const folders = cluster.daemons.map(({ folder }) => folder);
  // A chunk that was late is rebuilt soon.
  await until("a chunk is missing", 60_000, async () => {
    return (await Promise.all(folders.map((folder) => chunkFiles(`${folder}/chunks`)))).flat().length === 12;
  });
  await stopAll(cluster.gateways.splice(0));
  await stopAll(cluster.daemons.splice(0).map(({ process }) => process));
  const sql = await openDatabase(cluster.postgres.url, 1);
  await sql`DROP SCHEMA public CASCADE`;
  await sql.end();
  const told = async (from: readonly string[]) =>
    (await listFromDisks(from)).files.map(({ bucket, key, contentType, segments, readable }) => {
      const atMost = segments.reduce((sum, { atMost }) => sum + atMost, 0);
      assert.ok(Object.keys(segments[0]?.chunks ?? {}).length === from.length);
      return { bucket, key, contentType, atMost, readable };
    });
  const common = { bucket: "demo", contentType: "text/x", readable: true };
  const all = [{ ...common, key: "a/b", atMost: 1_000_000 }, { ...common, key: "日本", atMost: 700_004 }];
  assert.deepEqual(await told(folders), all);
  assert.deepEqual(await told(folders.slice(2)), all);
  assert.deepEqual(await told(folders.slice(3)), all.map((file) => ({ ...file, readable: false })));
  const [hit = ""] = await chunkFiles(`${folders[0]}/chunks`);
  await Deno.writeFile(hit, new Uint8Array(5000));
  assert.equal((await listFromDisks(folders)).damaged.length, 1);
});
