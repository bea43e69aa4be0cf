import assert from "node:assert/strict";
import { openDatabase } from "../gateway/db/database.ts";
import { beginGoneServer, queueGoneServer } from "../gateway/db/gone_servers.ts";
import { queueLacking } from "../gateway/db/repairs.ts";
import { until } from "../scripts/programs.ts";
import { TestCluster } from "./cluster.ts";

Deno.test("a file that is committed while the chunks of a lost server are queued is queued too", async () => {
  await using cluster = await TestCluster.start(0);
  const sql = await openDatabase(cluster.postgres.url, 4);
  const [server, file, incarnation] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  await sql`
    INSERT INTO storage_servers (id, incarnation, grpc_address, http_address, state, free_bytes, used_bytes, joined_at)
    VALUES (${server}, ${incarnation}, 'a:1', 'a:2', 'active', 0, 0, now())`;
  await sql`INSERT INTO buckets (name) VALUES ('demo')`;
  const [recorded, allowed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const commit = sql.begin(async (tx) => {
    await tx`INSERT INTO files (id, bucket, key, size, content_type) VALUES (${file}, 'demo', 'a', 100, 'a/b')`;
    await tx`
      INSERT INTO segments (file_id, number, "offset", length, k, m, block_size, sha256)
      VALUES (${file}, 0, 0, 100, 4, 2, 65536, '')`;
    await tx`
      INSERT INTO chunks (file_id, segment, index, chunk_id, server_id, length, sha256)
      SELECT ${file}, 0, i, ${file} || '.0.' || i || '.0', ${server}, 25, '' FROM generate_series(0, 5) AS i`;
    await queueLacking(tx, file, null, "not written in time");
    recorded.resolve();
    await allowed.promise;
  });
  await recorded.promise;
  let ended = false;
  const queued = (async () => {
    await beginGoneServer(sql, server);

    for (let last: string | undefined = ""; last !== undefined;) last = await queueGoneServer(sql, server, last, 4);
    ended = true;
  })();
  await until("it neither waits nor ends", 20_000, async () => {
    const [row] = await sql<{ waits: boolean }[]>`
      SELECT count(*) > 0 AS waits FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
    return ended || row?.waits === true;
  });
  allowed.resolve();
  await Promise.all([commit, queued]);
  const rows = await sql`SELECT index FROM repairs WHERE file_id = ${file} AND gone_server = ${server}`;
  assert.equal(rows.length, 6);
  await sql.end();
});
