import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { createTransport as createConnect } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { makeBody } from "../scripts/bodies.ts";
import { ClusterService, type WatchResponse } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { seconds, TestCluster } from "./cluster.ts";

const SIZE = 3_000_000;

Deno.test("Watch: what goes on at a gateway, as it goes", async (t) => {
  await using cluster = await TestCluster.start(6);
  const gateway = await cluster.addGateway();
  const follow = (create: typeof createConnect) => {
    const left = new AbortController();
    const watch = createClient(ClusterService, fetchTransport(gateway, create)).watch({}, { signal: left.signal });
    const beats = watch[Symbol.asyncIterator]();
    const next = async () => (await beats.next()).value as WatchResponse;
    /** Goes on until a message is as it should be. */
    const until = async (isSo: (beat: WatchResponse) => boolean) => {
      for (;;) {
        const beat = await next();
        if (isSo(beat)) return beat;
      }
    };
    return { next, until, beats, leave: () => left.abort() };
  };

  for (const [name, create] of Object.entries({ "Connect": createConnect, "gRPC-Web": createGrpcWeb })) {
    await t.step(`${name}: the servers at once, then what was stored and read`, async () => {
      const { next, beats, leave } = follow(create);
      const first = await next();
      assert.deepEqual(first.servers.map(({ unreachable }) => unreachable), Array(6).fill(""));
      const url = `${gateway}/v1/files/demo/${name}`;
      const put = await fetch(url, { method: "PUT", body: makeBody(SIZE).stream });
      await put.body?.cancel();
      assert.equal((await (await fetch(url)).bytes()).length, SIZE);
      const sum = { stored: 0, read: 0, requests: 0 };
      while (sum.read < SIZE || sum.requests < 2) {
        const { bytesStored, bytesRead, requests, medianMs, slowMs } = await next();
        sum.stored += Number(bytesStored);
        sum.read += Number(bytesRead);
        sum.requests += requests;
        if (requests > 0) assert.ok(medianMs > 0 && slowMs >= medianMs);
      }
      assert.deepEqual(sum, { stored: SIZE, read: SIZE, requests: 2 });
      leave();
      await beats.next().catch(() => {});
    });
  }

  await t.step("a daemon that is killed shows within seconds, though nobody has called it", async () => {
    const { next, until, leave } = follow(createGrpcWeb);
    await next();
    const [lost] = cluster.daemons.splice(0, 1);
    lost?.process.kill("SIGKILL");
    await lost?.process.status;
    const took = await seconds(async () => {
      const { servers } = await until(({ servers }) => servers.some(({ unreachable }) => unreachable !== ""));
      const silent = servers.filter(({ unreachable }) => unreachable !== "");
      assert.deepEqual(silent.map(({ httpAddress }) => httpAddress), [lost?.http]);
      assert.equal(silent[0]?.unreachable, "it cannot be reached from here");
    });
    assert.ok(took < 5, `${took} s`);
    leave();
  });

  await t.step("a gateway that stops lets go of those who watch", async () => {
    const { next, beats } = follow(createGrpcWeb);
    await next();
    const [process] = cluster.gateways.splice(0);
    process?.kill("SIGTERM");
    assert.ok(await seconds(async () => assert.equal((await process?.status)?.code, 0)) < 10);
    while (!(await beats.next()).done);
  });
});
