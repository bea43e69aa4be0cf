import assert from "node:assert/strict";
import { openDatabase } from "../gateway/db/database.ts";
import { until } from "../scripts/programs.ts";
import { commandIn } from "./clients/command.ts";
import { pattern } from "./clients/sdk_suite.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";

const BEAT = { SIXFOLD_HEARTBEAT: "500" };
const SLOW = {
  SIXFOLD_GRACE: "0",
  SIXFOLD_CLEANUP_EVERY: "1",
  SIXFOLD_REBALANCE_RATE: "100K",
  SIXFOLD_INLINE_MAX: "0",
};

Deno.test("the command looks after a cluster", async (t) => {
  await using cluster = await TestCluster.start(0);
  for (let i = 0; i < 7; i++) {
    await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, BEAT);
  }
  const gateway = await cluster.addGateway(SLOW);
  let { start, run, ok } = commandIn(cluster.folder, gateway);
  const json = async (...args: string[]) => JSON.parse(await ok(...args, "--json"));
  for (let i = 0; i < 12; i++) {
    const { status } = await fetch(`${gateway}/v1/files/demo/${i}`, {
      method: "PUT",
      body: pattern(400_000 + i),
    });
    assert.equal(status, 201);
  }
  const [leaving] = cluster.daemons;
  const server = leaving?.http ?? "";
  const { serverId } = JSON.parse(await Deno.readTextFile(`${leaving?.folder}/server.json`));

  await t.step("it tells what a change would move", async () => {
    const plan = await json("plan", "--drain", server);
    assert.ok(plan.exact && plan.chunks > 0 && plan.bytes > 0, JSON.stringify(plan));
    assert.match(await ok("plan", "--drain", serverId), /^\d+ of \d+ chunks \(.*\) would move, in about \d+/);
    assert.ok((await json("plan", "--add", "2")).chunks > 0);
    for (
      const [code, sentence, ...args] of [
        [2, /no weight/, "--add", "many"],
        [2, /one at a time/, "--add", "1", "--drain", server],
        [3, /sixfold servers lists them/, "--drain", "nowhere"],
      ] as const
    ) {
      const { code: ended, err } = await run("plan", ...args);
      assert.deepEqual([ended, sentence.test(err)], [code, true], err);
    }
  });

  await t.step(
    "a drain is begun, watched, held, gone on with and stopped",
    async () => {
      assert.match((await run("drain", "pause", server)).err, /never drained/);
      assert.match(await ok("drain", "start", server), /is being emptied/);
      const watch = start("drain", "watch", server).spawn();
      await until("nothing moves", 30_000, async () => {
        const { changes } = await (await fetch(`${gateway}/sixfold.v1.ClusterService/GetMoves`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        })).json();
        return Number(changes[0].chunksDone ?? 0) > 0;
      });
      await ok("drain", "pause", server);
      assert.match((await run("drain", "pause", server)).err, /no such change that is running/);
      await ok("drain", "resume", server);
      watch.kill("SIGINT");
      const { code, stdout, stderr } = await watch.output();
      assert.equal(code, 130);
      assert.match(new TextDecoder().decode(stdout), /running: \d+ chunks moved .* left/);
      assert.match(new TextDecoder().decode(stderr), /goes on; "watch" shows it again/);
      assert.match(await ok("drain", "stop", server), /takes chunks again/);
      assert.equal((await run("drain", "watch", server)).code, 4);
      assert.match(await ok("rebalance", "start"), /chunks are moving/);
      await ok("rebalance", "pause");
      await ok("rebalance", "stop");
      assert.equal((await run("rebalance", "resume")).code, 4);
    },
  );

  await t.step(
    "a drain that is followed to its end leaves a server that can be removed",
    async () => {
      // Another gateway, which moves chunks as fast as it can.
      const [slow] = cluster.gateways.splice(0, 1);
      const quick = await cluster.addGateway({
        SIXFOLD_GRACE: "0",
        SIXFOLD_CLEANUP_EVERY: "1",
      });
      slow?.kill("SIGTERM");
      await slow?.status;
      ({ start, run, ok } = commandIn(cluster.folder, quick));
      assert.match((await run("drain", "remove", server)).err, /drain it first/);
      const lines = (await ok("drain", "start", server, "--watch", "--json"))
        .trim().split("\n").map((l) => JSON.parse(l));
      assert.equal(lines.at(-1).state, "done");
      await until("it is not empty", 30_000, async () => (await run("drain", "remove", server)).code === 0);
      assert.deepEqual(await chunkFiles(`${leaving?.folder}/chunks`), []);
      cluster.daemons.splice(0, 1);
    },
  );

  await t.step(
    "it tells what is parked and why, and has it tried again",
    async () => {
      const sql = await openDatabase(cluster.postgres.url, 1);
      try {
        assert.equal(await ok("repair"), "no chunk is missing\n");
        await sql`
        INSERT INTO repairs (file_id, segment, index, reason, state, problem, attempts)
        SELECT file_id, segment, index, 'found damaged', 'parked', 'only 3 of 4 chunks are there', 5
        FROM chunks ORDER BY chunk_id LIMIT 1`;
        const told = await ok("repair");
        assert.match(told, /0 chunks to rebuild .* 1 parked/);
        assert.match(told, /parked +demo\/\d+ +chunk 0\.\d +found damaged; 5 tries: only 3 of 4 chunks are there/);
        assert.match(await ok("repair", "retry"), /1 chunks are tried again/);
        await until("it is not rebuilt", 30_000, async () => await ok("repair", "--all") === "no chunk is missing\n");
      } finally {
        await sql.end();
      }
    },
  );

  await t.step("it tells why nothing is removed, and is told that it may be", async () => {
    const sql = await openDatabase(cluster.postgres.url, 1);
    try {
      await sql`UPDATE cluster SET doubt = 'it was restored'`;
      await sql`
        INSERT INTO reconciliations (server_id, state, listed, strays)
        SELECT id, 'halted', 100, 50 FROM storage_servers WHERE state = 'active' ORDER BY id LIMIT 1
        ON CONFLICT (server_id) DO UPDATE SET state = 'halted', listed = 100, strays = 50`;
      assert.match((await run("doctor")).out, /BAD +nothing is removed: it was restored/);
      const told = await ok("database");
      assert.match(told, /^nothing is removed: it was restored; .*\n/);
      const [halted = ""] = /^[0-9a-f-]{36}(?= +halted +100 chunks, 50 unknown)/m.exec(told) ?? [];
      assert.match(await ok("database", "allow", halted), /takes what it finds/);
      assert.equal((await run("database", "allow", halted)).code, 4);
      assert.deepEqual(await json("database", "confirm"), { generation: 2 });
      assert.match(await ok("database"), /^the database is believed; generation 2\n/);
    } finally {
      await sql.end();
    }
  });
});
