import assert from "node:assert/strict";
import { openDatabase } from "../gateway/db/database.ts";
import { until } from "../scripts/programs.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { chunkFiles, type Daemon, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;
const SETTINGS = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1" };

async function kill(daemon: Daemon | undefined): Promise<void> {
  daemon?.process.kill("SIGKILL");
  await daemon?.process.status;
}

// The one over gRPC is a long test.
for (const [hop, size] of [["web", 256 * MIB], ["grpc", 1024 * MIB]] as const) {
  Deno.test(`HOP=${hop}: daemons killed in the middle of an upload`, async (t) => {
    await using cluster = await TestCluster.start(6);
    const files = `${await cluster.addGateway({ ...SETTINGS, SIXFOLD_HOP: hop })}/v1/files/demo`;
    /** Uploads, and kills some daemons on the way, one after another. */
    const uploadWhileKilling = async (key: string, size: number, victims: readonly (Daemon | undefined)[]) => {
      let killed = 0;
      const body = makeBody(size, async (sent) => {
        if (killed < victims.length && sent >= (size / (victims.length + 1)) * (killed + 1)) {
          await kill(victims[killed++]);
        }
      });
      const response = await fetch(`${files}/${key}`, { method: "PUT", body: body.stream });
      assert.equal(response.status, 201, await response.text());
      assert.equal(killed, victims.length);
      return { sha256: body.digest(), length: size };
    };
    const [a, b, c] = cluster.daemons;
    const sent = new Map<string, unknown>();
    await t.step("three of six, one after another: the upload succeeds", async () => {
      sent.set("first", await uploadWhileKilling("first", size, [a, b, c]));
    });
    await t.step("with one of them back, two down: everything reads", async () => {
      await cluster.restartDaemon(c);
      assert.deepEqual(await digestOf(await fetch(`${files}/first`)), sent.get("first"));
    });
    await t.step(
      "two down from the start, a third killed: the upload succeeds, and reads with all three down",
      async () => {
        const again = cluster.daemons.at(-1);
        sent.set("second", await uploadWhileKilling("second", 64 * MIB, [again]));
        assert.deepEqual(await digestOf(await fetch(`${files}/second`)), sent.get("second"));
      },
    );
  });
}

Deno.test("faults of clients, gateways and readers", async (t) => {
  await using cluster = await TestCluster.start(6);
  const address = await cluster.addGateway(SETTINGS);
  const files = `${address}/v1/files/demo`;
  const sql = await openDatabase(cluster.postgres.url, 1);
  const traces = async () => {
    const [row] = await sql<{ intents: number; garbage: number }[]>`
      SELECT (SELECT count(*)::int FROM intents) AS intents, (SELECT count(*)::int FROM garbage) AS garbage`;
    const disks = await Promise.all(
      cluster.daemons.flatMap(({ folder }) => [chunkFiles(`${folder}/chunks`), chunkFiles(`${folder}/tmp`)]),
    );
    return { ...row, files: disks.flat().length };
  };
  const nothingLeft = async (count: number) =>
    await until("something is left of the upload", 60_000, async () => {
      const { intents, garbage, files } = await traces();
      return intents === 0 && garbage === 0 && files === count;
    });
  try {
    await t.step("a client that vanishes in the middle leaves nothing visible", async () => {
      const gone = new AbortController();
      const body = makeBody(64 * MIB, (sent) => {
        if (sent >= 32 * MIB) gone.abort();
      });
      await assert.rejects(fetch(`${files}/vanished`, { method: "PUT", body: body.stream, signal: gone.signal }));
      await until("the intent stays", 30_000, async () => (await traces()).intents === 0);
      const response = await fetch(`${files}/vanished`);
      assert.equal(response.status, 404);
      await response.body?.cancel();
    });

    await t.step(
      "a gateway that is killed in the middle: once its lease is over, neither leaves anything on the disks",
      async () => {
        const other = await cluster.addGateway(SETTINGS);
        const body = makeBody(64 * MIB, async (sent) => {
          if (sent < 32 * MIB) return;
          const process = cluster.gateways.pop();
          process?.kill("SIGKILL");
          await process?.status;
        });
        await assert.rejects(fetch(`${other}/v1/files/demo/cut`, { method: "PUT", body: body.stream }));
        assert.equal((await traces()).intents, 1);
        await sql`UPDATE intents SET lease_until = now()`;
        await nothingLeft(0);
      },
    );

    await t.step("a file deleted or replaced while it is read comes whole or breaks, and is never mixed", async () => {
      for (const change of ["DELETE", "PUT"]) {
        const url = `${files}/changing-${change}`;
        const first = makeBody(48 * MIB);
        await (await fetch(url, { method: "PUT", body: first.stream })).body?.cancel();
        const response = await fetch(url);
        const init = change === "PUT" ? { method: change, body: makeBody(48 * MIB).stream } : { method: change };
        await (await fetch(url, init)).body?.cancel();
        const back = await digestOf(response).catch(() => "broken");
        if (back !== "broken") assert.deepEqual(back, { sha256: first.digest(), length: 48 * MIB });
      }
    });

    await t.step("a download that cannot be finished ends as a broken transfer", async () => {
      const url = `${files}/lost`;
      await (await fetch(url, { method: "PUT", body: makeBody(128 * MIB).stream })).body?.cancel();
      const response = await fetch(url);
      assert.equal(response.headers.get("content-length"), String(128 * MIB));
      for (const daemon of cluster.daemons.slice(0, 3)) await kill(daemon);
      await assert.rejects(digestOf(response));
      const again = await fetch(url);
      // The servers are away, and the bytes may well be there.
      assert.equal(again.status, 503);
      assert.equal((await again.json()).code, "unavailable");
    });
  } finally {
    await sql.end();
  }
});
