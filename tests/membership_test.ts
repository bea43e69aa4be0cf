import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { newUuid, uuidToBytes } from "../shared/chunk_id.ts";
import { SixfoldError } from "../shared/errors.ts";
import { ClusterService, type Server } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState, StorageService } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { silenceLimit } from "../shared/silence.ts";
import { openDatabase } from "../gateway/db/database.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { familyOf } from "../scripts/process_family.ts";
import { until } from "../scripts/programs.ts";
import { type Daemon, TestCluster, TOKEN } from "./cluster.ts";

const MIB = 1024 * 1024;
const BEAT_MS = 1000;
const BEAT = { SIXFOLD_HEARTBEAT: String(BEAT_MS) };
const LIMIT_MS = silenceLimit(BEAT_MS);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function put(url: string, size: number): Promise<string> {
  const body = makeBody(size);
  const response = await fetch(url, { method: "PUT", body: body.stream });
  assert.equal(response.status, 201, await response.text());
  return body.digest();
}

Deno.test("servers come and go", async (t) => {
  await using cluster = await TestCluster.start(0);
  for (let i = 0; i < 6; i++) {
    await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, { ...BEAT, SIXFOLD_ZONE: `rack ${i % 3}` });
  }
  const address = await cluster.addGateway({ SIXFOLD_LOG: "error", SIXFOLD_REPAIR_AFTER: "1h" });
  const files = `${address}/v1/files/demo`;
  const client = createClient(ClusterService, fetchTransport(address));
  const find = async (daemon: Daemon): Promise<Server | undefined> =>
    (await client.listServers({})).servers.find(({ httpAddress }) => httpAddress === daemon.http);
  /** The ring as requests find it: asking for it refreshes nothing. */
  const ringSize = async () => {
    const text = await (await fetch(`${address}/metrics`)).text();
    return Number(/^sixfold_ring_servers\S* (\d+)$/m.exec(text)?.[1]);
  };
  const becomes = (daemon: Daemon, state: ServerState) =>
    until(`it is not ${ServerState[state]}`, 60_000, async () => (await find(daemon))?.state === state);
  const ringBecomes = (size: number, ms = 60_000) =>
    until(`the ring does not have ${size} servers`, ms, async () => await ringSize() === size);
  const holdersOf = async (key: string) =>
    (await client.locate({ bucket: "demo", key })).chunks.map(({ serverId }) => serverId);
  const [first, second] = cluster.daemons;
  assert.ok(first && second);
  const sql = await openDatabase(cluster.postgres.url, 1);
  try {
    await t.step("zones are known, and each has its part of a file", async () => {
      await put(`${files}/zoned`, MIB);
      const { servers } = await client.listServers({});
      assert.deepEqual([...new Set(servers.map(({ zone }) => zone))].sort(), ["rack 0", "rack 1", "rack 2"]);
      const zones = (await holdersOf("zoned")).map((id) => servers.find((server) => server.id === id)?.zone);
      for (const zone of ["rack 0", "rack 1", "rack 2"]) assert.equal(zones.filter((z) => z === zone).length, 2);
    });

    await t.step("heartbeat keeps a server alive, its end takes it off", async () => {
      for (const { process } of [first, second]) process.kill("SIGSTOP");
      await wait(LIMIT_MS / 2);
      // Some missing heartbeats change nothing.
      assert.equal(await ringSize(), 6);
      await becomes(first, ServerState.INACTIVE);
      assert.match((await find(first))?.stateReason ?? "", /no heartbeat for \d+ s/);
      await ringBecomes(4);
      await put(`${files}/without`, MIB);
      for (const daemon of cluster.daemons.slice(2)) assert.equal((await find(daemon))?.state, ServerState.ACTIVE);
      first.process.kill("SIGCONT");
      await becomes(first, ServerState.ACTIVE);
      await ringBecomes(5);
    });

    await t.step("a process that wakes up under a taken identity acknowledges nothing", async () => {
      const copy = `${cluster.folder}/copy`;
      const { folder, process, http } = second;
      await new Deno.Command("cp", { args: ["-r", folder, copy] }).output();
      await cluster.addDaemon(copy, BEAT);
      const storage = createClient(StorageService, fetchTransport(`http://${http}`));
      const upload = newUuid();
      const steps = async function* () {
        const uploadId = Uint8Array.from(uuidToBytes(upload));
        const header = { chunkId: `${upload}.0.0.0`, uploadId, dataChunks: 4, parityChunks: 2, blockSize: 4096 };
        yield { part: { case: "header" as const, value: header } };
        yield { part: { case: "block" as const, value: { data: new Uint8Array(100) } } };
        yield { part: { case: "end" as const, value: { length: 100n } } };
      };
      const call = storage.putChunk(steps(), { headers: { authorization: `Bearer ${TOKEN}` }, timeoutMs: 30_000 });
      process.kill("SIGCONT");
      const refused = await call.then(() => undefined, (error) => SixfoldError.from(error));
      assert.ok(refused !== undefined, "it acknowledged a chunk");
      assert.equal((await process.status).code, 1);
      cluster.daemons.splice(cluster.daemons.indexOf(second), 1);
      await ringBecomes(6);
    });

    await t.step("an outage of PostgreSQL empties no ring", async () => {
      const sha256 = await put(`${files}/before`, 4 * MIB);
      const family = await familyOf(await cluster.postgresPid());
      for (const pid of family) Deno.kill(pid, "SIGSTOP");
      await wait(LIMIT_MS + 3000);
      for (const pid of family) Deno.kill(pid, "SIGCONT");
      for (let i = 0; i < 50; i++) {
        const { servers } = await (await fetch(`${address}/readyz`)).json();
        assert.deepEqual([servers, await ringSize()], [6, 6]);
        await wait(100);
      }
      assert.equal((await digestOf(await fetch(`${files}/before`))).sha256, sha256);
    });

    await t.step("the ring is refreshed", async () => {
      const id = (await find(first))?.id ?? "";
      const set = (state: string) => sql`UPDATE storage_servers SET state = ${state} WHERE id = ${id}`;
      const download = await fetch(`${files}/before`);
      // Nobody is told: it is looked at now and then.
      await set("draining");
      await ringBecomes(5);
      assert.equal((await digestOf(download)).length, 4 * MIB);
      // The next look by itself is five seconds away: who is told looks at once.
      await set("active");
      await sql`SELECT pg_notify('sixfold_servers', '')`;
      await ringBecomes(6, 4000);
    });

    await t.step(
      "a server that joins takes new files at once, and one that stops is off the ring at once",
      async () => {
        const added = await cluster.addDaemon(`${cluster.folder}/daemon-7`, BEAT);
        await ringBecomes(7);
        const id = (await find(added))?.id ?? "";
        let landed = 0;
        for (let i = 0; i < 12; i++) {
          await put(`${files}/new-${i}`, 64 * 1024);
          if ((await holdersOf(`new-${i}`)).includes(id)) landed++;
        }
        assert.ok(landed > 0, "none of twelve files is on the new server");
        added.process.kill("SIGTERM");
        assert.equal((await added.process.status).code, 0);
        cluster.daemons.pop();
        await ringBecomes(6);
        await put(`${files}/after`, MIB);
      },
    );

    await t.step("who means another server than the one that listens is refused", async () => {
      const storage = createClient(StorageService, fetchTransport(`http://${first.http}`));
      const headers = { authorization: `Bearer ${TOKEN}`, "sixfold-server": newUuid() };
      const refused = await storage.healthCheck({}, { headers, timeoutMs: 5000 }).catch((error) => error);
      const { code, detail } = SixfoldError.from(refused);
      assert.deepEqual([code, detail], ["failed_precondition", "WRONG_SERVER"]);
    });
  } finally {
    await sql.end();
  }
});
