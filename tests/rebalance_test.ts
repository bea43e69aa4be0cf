import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { untilWhole } from "../scripts/audit.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { chunkFiles, type Daemon, TestCluster } from "./cluster.ts";
import { bytesOf, call, sha256 } from "./sessions/client.ts";

const MIB = 1024 * 1024;
const BEAT = { SIXFOLD_HEARTBEAT: "1000" };
const SETTINGS = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1" };

Deno.test("servers join and leave while files are read and written", async (t) => {
  await using cluster = await TestCluster.start(0);
  for (let i = 0; i < 6; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, BEAT);
  let gateway = await cluster.addGateway(SETTINGS);
  const admin = () => createClient(ClusterService, fetchTransport(gateway));
  const sql = await openDatabase(cluster.postgres.url, 2);
  let leaves: Daemon | undefined;
  const sent = new Map<string, string>();
  const put = async (key: string, size: number) => {
    const body = makeBody(size);
    const response = await fetch(`${gateway}/v1/files/demo/${key}`, { method: "PUT", body: body.stream });
    assert.equal(response.status, 201, await response.text());
    sent.set(key, body.digest());
  };
  const same = async (key: string) => {
    const response = await fetch(`${gateway}/v1/files/demo/${key}`);
    assert.equal((await digestOf(response)).sha256, sent.get(key));
  };
  const whole = async () => {
    await untilWhole(cluster.postgres.url, cluster.daemons.map(({ folder }) => folder), 120_000);
    for (const key of sent.keys()) await same(key);
  };
  const change = async (id: string) => (await admin().getMoves({})).changes.find((known) => known.id === id);
  const idOf = async (folder: string) => String(JSON.parse(await Deno.readTextFile(`${folder}/server.json`)).serverId);
  try {
    await t.step(
      "a server is added",
      async () => {
        for (let i = 0; i < 100; i++) await put(`old-${i}`, 200_000 + i * 1000);
        const joined = await cluster.addDaemon(`${cluster.folder}/daemon-6`, BEAT);
        await cluster.seen(gateway);
        const added = await chunkFiles(`${joined.folder}/chunks`);
        assert.equal(added.length, 0);
        const plan = await admin().planChange({ change: { case: "rebalance", value: true } });
        assert.ok(plan.exact && plan.chunks > 0n);
        // A hundred files are few: the share of a large number is tested where it is planned.
        assert.ok(Number(plan.bytes) / Number(plan.bytesSeen) < 1 / 7 + 0.06, `${plan.bytes} of ${plan.bytesSeen}`);
        const { changeId } = await admin().startRebalance({});
        await until("the rebalance does not end", 60_000, async () => (await change(changeId))?.state === "done");
        const done = await change(changeId);
        assert.deepEqual([done?.chunksDone, done?.bytesDone], [plan.chunks, plan.bytes]);
        assert.equal((await chunkFiles(`${joined.folder}/chunks`)).length, Number(plan.chunks));
        assert.equal((await admin().planChange({ change: { case: "rebalance", value: true } })).chunks, 0n);
        await whole();
      },
    );

    await t.step("a server is removed", async () => {
      for (let i = 0; i < 8; i++) await put(`large-${i}`, 12 * MIB);
      const [leaving] = cluster.daemons;
      assert.ok(leaving);
      leaves = leaving;
      const serverId = await idOf(leaving.folder);
      await assert.rejects(admin().removeServer({ serverId }), /drain it first/);
      gateway = await cluster.addGateway({ ...SETTINGS, SIXFOLD_REBALANCE_RATE: "2M" });
      const [quick] = cluster.gateways.splice(0, 1);
      quick?.kill("SIGTERM");
      await quick?.status;
      const plan = await admin().planChange({ change: { case: "drainServerId", value: serverId } });
      assert.ok(plan.chunks > 0n && plan.seconds > 0n);
      // Somebody thinks better of it: what has moved stays, until the ring is asked for again; and that can be stopped too.
      const first = await admin().drainServer({ serverId });
      await until("nothing moves", 30_000, async () => ((await change(first.changeId))?.chunksDone ?? 0n) > 0n);
      await admin().cancelDrain({ serverId });
      await assert.rejects(admin().cancelDrain({ serverId }), /not being emptied/);
      const back = await admin().startRebalance({});
      await until("nothing moves back", 30_000, async () => ((await change(back.changeId))?.chunksLeft ?? 0n) > 0n);
      await admin().stopMoves({ changeId: back.changeId });
      await assert.rejects(admin().resumeMoves({ changeId: back.changeId }), /no such change/);
      for (const { changeId } of [first, back]) {
        const over = await change(changeId);
        assert.deepEqual([over?.state, over?.chunksLeft], ["stopped", 0n]);
      }
      const { json: { id: open } } = await call(`${gateway}/v1/uploads`, "POST", '{"bucket":"demo","key":"in-parts"}');
      const part = bytesOf(2 * MIB);
      assert.equal((await call(`${gateway}/v1/uploads/${open}/parts/0`, "PUT", part)).status, 200);
      const { changeId } = await admin().drainServer({ serverId });
      assert.notEqual(changeId, first.changeId);
      await until("nothing moves", 30_000, async () => ((await change(changeId))?.chunksDone ?? 0n) > 0n);
      await admin().pauseMoves({ changeId });
      await new Promise((resolve) => setTimeout(resolve, 2500));
      const paused = (await change(changeId))?.chunksDone;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal((await change(changeId))?.chunksDone, paused);
      await admin().resumeMoves({ changeId });
      await until("nothing goes on", 30_000, async () => ((await change(changeId))?.chunksDone ?? 0n) > (paused ?? 0n));
      // A gateway that is killed in the middle of a move: the next one goes on.
      const [slow] = cluster.gateways.splice(0, 1);
      slow?.kill("SIGKILL");
      await slow?.status;
      await sql`UPDATE intents SET lease_until = now()`;
      // Gateways tell how many servers take chunks: this one does not any more.
      cluster.daemons.splice(0, 1);
      gateway = await cluster.addGateway(SETTINGS);
      let writes = 0;
      await until("the server is not emptied", 180_000, async () => {
        await put(`meanwhile-${writes++ % 5}`, MIB);
        await same(writes % 4 === 0 ? `large-${writes % 8}` : `old-${writes % 100}`);
        // Enough to be in the way of the moves, and not all that the machine can do.
        await new Promise((resolve) => setTimeout(resolve, 200));
        const now = await change(changeId);
        return now?.state === "done" && now.safeToRemove;
      });
      assert.equal((await chunkFiles(`${leaving.folder}/chunks`)).length, 0);
      assert.equal((await call(`${gateway}/v1/uploads/${open}/complete`, "POST")).status, 200);
      sent.set("in-parts", sha256(part));
      await admin().removeServer({ serverId });
      assert.equal((await leaving.process.status).code, 1);
      leaves = undefined;
      await whole();
    });

    await t.step("with SIXFOLD_REBALANCE=auto, a server that joins gets its share by itself", async () => {
      gateway = await cluster.addGateway({ ...SETTINGS, SIXFOLD_REBALANCE: "auto" });
      const before = (await admin().getMoves({})).changes.length;
      const joined = await cluster.addDaemon(`${cluster.folder}/daemon-7`, BEAT);
      await until("no rebalance ended", 60_000, async () => {
        const { changes } = await admin().getMoves({});
        return changes.length === before + 1 && changes[0]?.state === "done" && changes[0].chunksDone > 0n;
      });
      assert.ok((await chunkFiles(`${joined.folder}/chunks`)).length > 0);
      await whole();
    });

    await t.step(
      "a server that will never come back is removed by force: the others rebuild what it kept",
      async () => {
        const [lost] = cluster.daemons.splice(0, 1);
        assert.ok(lost);
        lost.process.kill("SIGKILL");
        await lost.process.status;
        const serverId = await idOf(lost.folder);
        await assert.rejects(admin().removeServer({ serverId }), /confirm with "lose what only this server keeps"/);
        await admin().removeServer({ serverId, confirmation: "lose what only this server keeps" });
        await assert.rejects(admin().removeServer({ serverId }), /no server with this id/);
        await whole();
      },
    );
  } finally {
    leaves?.process.kill("SIGKILL");
    await sql.end();
  }
});
