import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { until } from "../scripts/programs.ts";
import { type Daemon, TestCluster } from "./cluster.ts";

const MIB = 1024 * 1024;

/** A call that takes longer than this was held up by a server that stands still; on a busy machine, four times the usual. */
const STALL_MS = 3500;

async function put(url: string, size: number, during?: (sent: number) => void) {
  const body = makeBody(size, during);
  const began = performance.now();
  const response = await fetch(url, { method: "PUT", body: body.stream });
  assert.equal(response.status, 201, await response.text());
  return { ms: performance.now() - began, sha256: body.digest(), length: size };
}

async function get(url: string) {
  const began = performance.now();
  const digest = await digestOf(await fetch(url));
  return { ...digest, ms: performance.now() - began };
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
      const first = await put(`${files}/first`, 64 * MIB);
      const stall = Math.max(STALL_MS, 4 * first.ms);
      await t.step("network times out during an upload", async () => {
        const { ms, sha256, length } = await put(`${files}/during`, 96 * MIB, (sent) => {
          if (sent > 32 * MIB) stop(victim);
        });
        assert.ok(ms < stall + 3000, `${ms} ms`);
        goOn();
        assert.deepEqual(await digestOf(await fetch(`${files}/during`)), { sha256, length });
      });
      await t.step("a server that stands still is not waited for by readers", async () => {
        stop(victim);
        const times: number[] = [];
        for (let i = 0; i < 12; i++) {
          const { ms, sha256 } = await get(`${files}/first`);
          assert.equal(sha256, first.sha256);
          times.push(ms);
        }
        const longest = Math.max(...times);
        assert.ok(longest < stall, times.join(", "));
        // Most of them meet an open breaker.
        assert.ok((times.toSorted((a, b) => a - b)[6] ?? 0) < stall / 2, times.join(", "));
      });
      await t.step("a server fails over", async () => {
        const client = createClient(ClusterService, fetchTransport(address));
        const notClosed = async () => (await client.listServers({})).servers.filter(({ breaker }) => breaker !== 1);
        // A gateway that is late itself counts nothing against the servers, so on a busy machine it takes some more calls.
        await until("no breaker opens", 30_000, async () => {
          await put(`${files}/over`, 8 * MIB);
          return (await notClosed()).length > 0;
        });
        const open = await notClosed();
        assert.deepEqual(open.map(({ httpAddress }) => httpAddress), [victim.http]);
        assert.match(open[0]?.lastError ?? "", /storage server/);
        for (let i = 0; i < 5; i++) {
          const { ms } = await put(`${files}/around-${i}`, 8 * MIB);
          assert.ok(ms < stall / 2, `${ms} ms`);
        }
      });
      await t.step("retries, hedges and substitutes are few: no more than 1.2 times the calls", async () => {
        const client = createClient(ClusterService, fetchTransport(address));
        const calls = async () =>
          (await client.listServers({})).servers.reduce((sum, { calls }) => sum + Number(calls), 0);
        const before = await calls();
        for (let i = 0; i < 10; i++) await put(`${files}/counted-${i}`, MIB);
        for (let i = 0; i < 10; i++) await get(`${files}/counted-${i}`);
        const made = await calls() - before;
        assert.ok(made <= 1.2 * 10 * (6 + 4), `${made} calls`);
        goOn();
      });
      await t.step("server crashes during an upload", async () => {
        const { ms, sha256 } = await put(`${files}/crash`, 96 * MIB, (sent) => {
          if (sent > 32 * MIB && !stopped.has(other)) {
            other.process.kill("SIGKILL");
            stopped.add(other);
          }
        });
        stopped.clear();
        assert.ok(ms < stall + 3000, `${ms} ms`);
        assert.equal((await get(`${files}/crash`)).sha256, sha256);
        assert.equal((await get(`${files}/first`)).sha256, first.sha256);
      });
    } finally {
      goOn();
    }
  });
}
