import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { startPostgres } from "../scripts/embedded_postgres.ts";
import { familyOf } from "../scripts/process_family.ts";
import { until } from "../scripts/programs.ts";
import { seconds, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
/** What a call may take while PostgreSQL is frozen, in seconds: a place in line, a statement, and a little. */
const FROZEN_S = 25;

Deno.test("a cluster whose PostgreSQL goes away", async (t) => {
  await using cluster = await TestCluster.start(6);
  const gateway = await cluster.addGateway({ SIXFOLD_DATABASE_CONNECTIONS: "2" });
  const port = Number(new URL(cluster.postgres.url).port);
  const folder = `${cluster.folder}/postgres`;
  const file = (key: string) => `${gateway}/v1/files/demo/${key}`;
  const put = async (key: string, body: BodyInit) => {
    const response = await fetch(file(key), { method: "PUT", body });
    await response.body?.cancel();
    return response;
  };
  const list = async () => {
    const response = await fetch(`${gateway}/v1/files?bucket=demo`);
    await response.body?.cancel();
    return response.status;
  };
  const ready = async () => {
    const response = await fetch(`${gateway}/readyz`);
    return { status: response.status, ...await response.json() };
  };
  const goesOn = async () => {
    await until(
      "the gateway does not go on",
      20_000,
      async () => (await ready()).status === 200 && await list() === 200,
    );
    const { status } = await put("again", makeBody(2 * MIB).stream);
    assert.equal(status, 201);
  };
  /** A download whose manifest is read and whose bytes are still to come. */
  const large = makeBody(64 * MIB);
  assert.equal((await put("large", large.stream)).status, 201);

  await t.step("200 clients at two connections: everybody is answered, in time", async () => {
    const took = await seconds(async () => {
      const statuses = await Promise.all(
        Array.from({ length: 200 }, (_, i) => put(`small-${i}`, "x").then((r) => r.status)),
      );
      for (const status of statuses) assert.ok([201, 429, 503].includes(status), String(status));
      assert.ok(statuses.filter((status) => status === 201).length >= 40, String(statuses));
    });
    assert.ok(took < 20, `${took} s`);
    await goesOn();
  });

  await t.step("stopped while a file goes in and one comes out: the one fails, the other ends well", async () => {
    const download = await fetch(file("large"));
    let stopped = false;
    const body = makeBody(32 * MIB, async (sent) => {
      if (stopped || sent < 16 * MIB) return;
      stopped = true;
      await cluster.postgres.stop();
    });
    const upload = await put("cut", body.stream);
    assert.equal(upload.status, 503);
    assert.equal(upload.headers.get("retry-after"), "1");
    assert.deepEqual(await digestOf(download), { sha256: large.digest(), length: 64 * MIB });
    const took = await seconds(async () => assert.equal(await list(), 503));
    assert.ok(took < 10, `${took} s`);
    const { status, reason } = await ready();
    assert.equal(status, 503);
    assert.match(reason, /database|PostgreSQL/);
    assert.ok(
      (await Promise.all(cluster.daemons.map(({ http }) => fetch(`http://${http}/healthz`)))).every(({ ok }) => ok),
    );
    await startPostgres(folder, port);
    await goesOn();
    assert.equal((await fetch(file("cut"))).status, 404);
  });

  await t.step("frozen: calls end, readiness says so, and a thaw is enough", async () => {
    const postmaster = await cluster.postgresPid();
    // First who makes sessions, or one that begins meanwhile would go on.
    Deno.kill(postmaster, "SIGSTOP");
    const pids = await familyOf(postmaster);
    for (const id of pids) Deno.kill(id, "SIGSTOP");
    try {
      const took = await seconds(async () => {
        const [listed, uploaded, state] = await Promise.all([list(), put("frozen", "x"), ready()]);
        assert.deepEqual([listed, uploaded.status, state.status], [503, 503, 503]);
      });
      assert.ok(took < FROZEN_S, `${took} s`);
    } finally {
      for (const id of pids) Deno.kill(id, "SIGCONT");
    }
    await goesOn();
  });

  await t.step("killed and started again and again under load: what was acknowledged is there, once", async () => {
    const acknowledged: string[] = [];
    const refused: string[] = [];
    let over = false;
    const client = async (id: number) => {
      for (let i = 0; !over; i++) {
        const key = `kept-${id}-${i}`;
        const response = await put(key, id % 2 === 0 ? key : key.repeat(10_000));
        (response.status === 201 ? acknowledged : refused).push(key);
        if (response.status !== 201) await sleep(50);
      }
    };
    const clients = Promise.all([0, 1, 2, 3].map(client));
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length;
      await until("nothing is stored", 30_000, () => Promise.resolve(acknowledged.length >= before + 20));
      const pids = await familyOf(await cluster.postgresPid());
      // One session outlives the others by a moment, as one does that began right then: the next start waits for it.
      const last = pids.pop() ?? 0;
      Deno.kill(last, "SIGSTOP");
      for (const id of pids) Deno.kill(id, "SIGKILL");
      await Deno.remove(`${folder}/data/postmaster.pid`).catch(() => {});
      const ended = sleep(500).then(() => Deno.kill(last, "SIGKILL"));
      await Promise.all([startPostgres(folder, port), ended]);
      await goesOn();
    }
    over = true;
    await clients;
    const textOf = async (key: string) => {
      const response = await fetch(file(key));
      return { status: response.status, text: await response.text() };
    };
    const isWhole = (key: string, text: string) => text === key || text === key.repeat(10_000);
    for (const key of acknowledged) {
      const { status, text } = await textOf(key);
      assert.ok(status === 200 && isWhole(key, text), `${key}: ${status}`);
    }
    for (const key of refused) {
      const { status, text } = await textOf(key);
      assert.ok(status === 404 || status === 200 && isWhole(key, text), `${key}: ${status}`);
    }
    assert.ok(acknowledged.length >= 60 && refused.length > 0, `${acknowledged.length}, ${refused.length}`);
  });

  for (const daemon of cluster.daemons) assert.ok((await fetch(`http://${daemon.http}/readyz`)).ok);
});
