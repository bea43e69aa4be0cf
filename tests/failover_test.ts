import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { BreakerState, ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { ServerState } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { type Daemon, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;

/** A server that stands still does so until the test lets it go on: who waits for it is still here after that long. */
const WAITED_MS = 60_000;

async function put(url: string, size: number, during?: (sent: number) => void) {
  const body = makeBody(size, during);
  const signal = AbortSignal.timeout(WAITED_MS);
  const response = await fetch(url, { method: "PUT", body: body.stream, signal });
  assert.equal(response.status, 201, await response.text());
  return { sha256: body.digest(), length: size };
}

async function get(url: string) {
  return await digestOf(await fetch(url, { signal: AbortSignal.timeout(WAITED_MS) }));
}

for (const hop of ["web", "grpc"]) {
  Deno.test(`HOP=${hop}: servers that stand still or die`, async (t) => {
    await using cluster = await TestCluster.start(6);
    const address = await cluster.addGateway({ SIXFOLD_HOP: hop, SIXFOLD_LOG: "error" });
    const files = `${address}/v1/files/demo`;
    const [victim, other] = cluster.daemons;
    assert.ok(victim && other);
    const stopped = new Set<Daemon>();
    const stop = (daemon: Daemon) => {
      if (stopped.has(daemon)) return;
      daemon.process.kill("SIGSTOP");
      stopped.add(daemon);
    };
    const goOn = () => {
      for (const daemon of stopped) daemon.process.kill("SIGCONT");
      stopped.clear();
    };
    try {
      const first = await put(`${files}/first`, 24 * MIB);
      const client = createClient(ClusterService, fetchTransport(address));
      const seen = async () => (await client.listServers({})).servers;
      const ofVictim = async () => (await seen()).find(({ httpAddress }) => httpAddress === victim.http);
      await t.step("network times out during an upload", async () => {
        const stored = await put(`${files}/during`, 64 * MIB, (sent) => {
          if (sent > 24 * MIB) stop(victim);
        });
        goOn();
        assert.deepEqual(await get(`${files}/during`), stored);
      });
      await t.step("a server that stands still is not waited for by readers", async () => {
        stop(victim);
        for (let i = 0; i < 12; i++) assert.deepEqual(await get(`${files}/first`), first);
      });
      await t.step("a server fails over", async () => {
        // A gateway that is late itself counts nothing against the servers, so on a busy machine it takes some more calls.
        await until("no breaker opens", WAITED_MS, async () => {
          await put(`${files}/over`, 2 * MIB);
          const { breaker, state } = await ofVictim() ?? {};
          return breaker === BreakerState.OPEN || state === ServerState.INACTIVE;
        });
        const before = await ofVictim();
        assert.match(before?.lastError ?? "", /storage server/);
        for (let i = 0; i < 5; i++) await put(`${files}/around-${i}`, 2 * MIB);
        // Half-open, it is asked once in 30 s; and who goes without it cannot be held up by it.
        const asked = Number((await ofVictim())?.calls) - Number(before?.calls);
        assert.ok(asked <= 1, `${asked} calls to a server whose breaker is open`);
      });
      await t.step("retries, hedges and substitutes are few: no more than 1.2 times the calls", async () => {
        const calls = async () => (await seen()).reduce((sum, { calls }) => sum + Number(calls), 0);
        // What the uploads before have missed is rebuilt first: that takes calls of its own.
        await until("repairs go on", WAITED_MS, async () => {
          const { queued, running } = await client.getRepairs({});
          return queued + running === 0n;
        });
        const before = await calls();
        for (let i = 0; i < 10; i++) await put(`${files}/counted-${i}`, MIB);
        for (let i = 0; i < 10; i++) await get(`${files}/counted-${i}`);
        const made = await calls() - before;
        goOn();
        assert.ok(made <= 1.2 * 10 * (6 + 4), `${made} calls`);
      });
      await t.step("server crashes during an upload", async () => {
        const stored = await put(`${files}/crash`, 64 * MIB, (sent) => {
          if (sent > 24 * MIB && !stopped.has(other)) {
            other.process.kill("SIGKILL");
            stopped.add(other);
          }
        });
        stopped.clear();
        assert.deepEqual(await get(`${files}/crash`), stored);
        assert.deepEqual(await get(`${files}/first`), first);
      });
    } finally {
      goOn();
    }
  });
}
