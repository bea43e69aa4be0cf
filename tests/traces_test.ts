import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { randomBytes } from "node:crypto";
import { until } from "../scripts/programs.ts";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { TestCluster, TOKEN } from "./cluster.ts";
import { type OtlpReceiver, type ReceivedSpan, receiveOtlp } from "./traces/otlp_receiver.ts";
import { checkHops, checkTree, send, SERVER, whole, WITHIN_MS } from "./traces/trace_tree.ts";

const DATA_CHUNKS = 4;

/** The trace of a read in which a parity chunk stands in for one of the four. */
async function withOneReplaced(otlp: OtlpReceiver, down: { readonly traceId: string; readonly parentId: string }) {
  const read = await whole(otlp, down.traceId, {
    "daemon chunk.get": 4,
    "gateway chunk.get": 5,
    "gateway parity": 1,
  });
  checkTree(read, down.parentId);
  checkHops(read, "chunk.get", 4);
  return read;
}

/** Waits until no daemon is left alone: one that is would not be asked at all. */
async function trusted(gateway: string): Promise<void> {
  await until("a daemon is not trusted", WITHIN_MS, async () => {
    const page = await (await fetch(`${gateway}/metrics`)).text();
    return page.match(/^sixfold_breaker_state\{.*"closed".*\} 1$/gm)?.length === 6;
  });
}

/** What happened during the spans, and why. */
function eventsOf(spans: readonly ReceivedSpan[]) {
  return spans.flatMap(({ events }) =>
    events.map(({ name, attributes }) => ({ name, reason: attributes["sixfold.reason"] }))
  );
}

for (const hop of ["web", "grpc"]) {
  Deno.test(`HOP=${hop}: one tree for each request, over all hops`, async (t) => {
    await using otlp = receiveOtlp();
    await using cluster = await TestCluster.start(0);
    const settings = {
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      SIXFOLD_LOG: "debug",
      SIXFOLD_LOG_DIR: `${cluster.folder}/logs`,
    };
    for (let i = 0; i < 6; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, settings);
    const gateway = await cluster.addGateway({ ...settings, SIXFOLD_HOP: hop });
    const url = `${gateway}/v1/files/secret-bucket/secret-key`;
    const bytes = randomBytes(3_000_000);
    const ids = cluster.daemons.map(({ folder }) =>
      JSON.parse(Deno.readTextFileSync(`${folder}/server.json`)).serverId
    );
    /** A daemon from which a read took data: to read the file without this one takes parity. */
    const dataHolder = (read: readonly ReceivedSpan[]) => {
      const served = read.find(({ name, kind, attributes }) =>
        name === "chunk.get" && kind === SERVER && Number(attributes["sixfold.chunk.index"]) < DATA_CHUNKS
      );
      return cluster.daemons[ids.indexOf(served?.instance)];
    };

    await t.step("an upload", async () => {
      const { traceId, parentId, response } = await send(url, { method: "PUT", body: bytes });
      assert.match(response.headers.get("server-timing") ?? "", /chunk\.put;dur=[\d.]+;desc="the longest of 6"/);
      const spans = await whole(otlp, traceId, {
        "gateway PUT /v1/files/{bucket}/{key}": 1,
        "gateway upload": 1,
        "gateway placement": 1,
        "gateway segment": 1,
        "gateway parity": 1,
        "gateway chunk.put": 6,
        "gateway db.commit": 1,
        "daemon chunk.put": 6,
        "daemon disk.write": 5,
        "daemon disk.fsync": 5,
        "daemon disk.rename": 5,
      });
      checkTree(spans, parentId);
      checkHops(spans, "chunk.put", 6);
    });

    await t.step("the gateway tells of it without a collector", async () => {
      const cluster = createClient(ClusterService, fetchTransport(gateway));
      const { traceId, response } = await send(`${url}-kept`, { method: "PUT", body: bytes });
      await until(
        "the request is not kept",
        WITHIN_MS,
        async () => (await fetch(`${gateway}/v1/traces/${traceId}`)).ok,
      );
      const { traces: [trace] } = await cluster.getTrace({ traceId });
      const { requests: [request] } = await cluster.listRequests({ limit: 1 });
      assert.deepEqual([request?.traceId, request?.status, request?.bytes], [traceId, 201, 3_000_000n]);
      assert.deepEqual(trace?.request, request);
      assert.equal(request?.requestId, response.headers.get("x-request-id"));
      const spans = trace?.spans ?? [];
      assert.equal(spans[0]?.parentId, "");
      const ids = new Set(spans.map(({ spanId }) => spanId));
      assert.ok(spans.slice(1).every(({ parentId }) => ids.has(parentId)));
      const puts = spans.filter(({ name, error }) => name === "chunk.put" && error === "");
      const told = puts.filter(({ attributes, durationMs }) => {
        const fsync = Number(attributes["sixfold.daemon.fsync_ms"]);
        return fsync > 0 && fsync < Number(attributes["sixfold.daemon.total_ms"]) && fsync < durationMs;
      });
      assert.ok(told.length >= 5, "the daemons' own times");
      const none = await fetch(`${gateway}/v1/traces/${"0".repeat(32)}`);
      assert.equal((await none.json()).code, "not_found");
    });

    await t.step("a download", async () => {
      const { traceId, parentId, body } = await send(url);
      assert.ok(bytes.equals(body));
      const spans = await whole(otlp, traceId, {
        "gateway GET /v1/files/{bucket}/{key}": 1,
        "gateway download": 1,
        "gateway segment": 1,
        "gateway chunk.get": 4,
        "daemon chunk.get": 4,
        "daemon disk.read": 4,
      });
      checkTree(spans, parentId);
      checkHops(spans, "chunk.get", 4);
    });

    await t.step("a repair has its own trace, which names the one that found the damage", async () => {
      const before = await send(url);
      const holder = dataHolder(await whole(otlp, before.traceId, { "daemon chunk.get": 4 }));
      for await (const path of chunksOf(`${holder?.folder}/chunks`)) await Deno.truncate(path, 5000);
      const { traceId, body } = await send(url);
      assert.ok(bytes.equals(body));
      await until("no repair links to the read that found the damage", WITHIN_MS, () => {
        return Promise.resolve(otlp.spans.some(({ name, links }) => name === "repair" && links.includes(traceId)));
      });
    });

    await t.step("with a daemon that stands still: another is asked beside it, and nobody waits for it", async () => {
      await send(`${url}-slow`, { method: "PUT", body: bytes });
      const before = await send(`${url}-slow`);
      const slow = dataHolder(await whole(otlp, before.traceId, { "daemon chunk.get": 4 }));
      await trusted(gateway);
      slow?.process.kill("SIGSTOP");
      const down = await send(`${url}-slow`);
      const up = await send(`${url}-slow-2`, { method: "PUT", body: bytes });
      slow?.process.kill("SIGCONT");
      assert.ok(bytes.equals(down.body));
      assert.equal(up.response.status, 201);
      const read = await withOneReplaced(otlp, down);
      assert.ok(eventsOf(read).some(({ name, reason }) => name === "hedge" && reason === "late"));
      const written = await whole(otlp, up.traceId, { "daemon chunk.put": 5, "gateway chunk.put": 6 });
      checkTree(written, up.parentId);
      checkHops(written, "chunk.put", 6);
      const dropped = eventsOf(written).filter(({ name }) => name === "dropped");
      assert.deepEqual(dropped, [{ name: "dropped", reason: "left_behind" }]);
    });

    await t.step("with too few that answer: what is tried again is told, and why", async () => {
      const tried = async () => {
        const page = await (await fetch(`${gateway}/metrics`)).text();
        return Number(/^sixfold_retries_total\{sixfold_operation="window"\} (\d+)$/m.exec(page)?.[1]);
      };
      const readWithout = async () => {
        // A tenth of all calls may be made again, and calls that were late have used some of that.
        for (let i = 0; i < 40; i++) await send(`${url}-slow`, { headers: { range: "bytes=0-0" } });
        const before = await tried();
        const still = cluster.daemons.slice(0, 3);
        for (const { process } of still) process.kill("SIGSTOP");
        let ended = false;
        const reading = send(`${url}-slow`).finally(() => ended = true);
        await until("nothing is tried again", WITHIN_MS, async () => ended || await tried() > before)
          .finally(() => still.forEach(({ process }) => process.kill("SIGCONT")));
        const read = await reading;
        return await tried() > before ? read : undefined;
      };
      let retried = await readWithout();
      for (let i = 0; i < 4 && retried === undefined; i++) retried = await readWithout();
      if (retried === undefined) throw new Error("no read was tried again");
      const { traceId, parentId, body } = retried;
      assert.ok(bytes.equals(body));
      const read = await whole(otlp, traceId, { "daemon chunk.get": 4 });
      checkTree(read, parentId);
      assert.ok(eventsOf(read).some(({ name, reason }) => name === "retry" && reason === "unavailable"));
    });

    await t.step("with a daemon dead: what stood in for it is told, and why", async () => {
      await send(`${url}-2`, { method: "PUT", body: bytes });
      const before = await send(`${url}-2`);
      const lost = dataHolder(await whole(otlp, before.traceId, { "daemon chunk.get": 4 }));
      await trusted(gateway);
      lost?.process.kill("SIGKILL");
      await lost?.process.status;
      const down = await send(`${url}-2`);
      assert.ok(bytes.equals(down.body));
      const read = await withOneReplaced(otlp, down);
      assert.ok(eventsOf(read).some(({ name, reason }) => name === "substitute" && reason === "unavailable"));
      const up = await send(`${url}-3`, { method: "PUT", body: bytes });
      const written = await whole(otlp, up.traceId, { "daemon chunk.put": 6, "gateway chunk.put": 7 });
      checkTree(written, up.parentId);
      checkHops(written, "chunk.put", 6);
      assert.ok(eventsOf(written).some(({ name }) => name === "substitute"));
    });

    await t.step("nothing names what a user has named, and no secret: spans, logs, metrics, errors", async () => {
      const { password } = new URL(cluster.postgres.url);
      const planted = `planted-${"x".repeat(30)}`;
      const headers = { authorization: `Bearer ${planted}`, cookie: `sixfold-session=${planted}` };
      const { traceId } = await send(`${url}?note=${planted}`, { headers });
      await whole(otlp, traceId, { "gateway GET /v1/files/{bucket}/{key}": 1 });
      const ask = async (url: string) => await (await fetch(url)).text();
      const told = otlp.bodies.map((body) => new TextDecoder("latin1").decode(body));
      told.push(await ask(`${gateway}/metrics`));
      for (const { http } of cluster.daemons) told.push(await ask(`http://${http}/metrics`).catch(() => ""));
      const logs = await Array.fromAsync(Deno.readDir(`${cluster.folder}/logs`));
      for (const { name } of logs) told.push(await Deno.readTextFile(`${cluster.folder}/logs/${name}`));
      assert.equal(logs.length, 7);
      for (const name of ["secret-bucket", "secret-key"]) {
        assert.equal(told.find((text) => text.includes(name)), undefined, name);
      }
      // An error may tell a caller the names that it came with.
      told.push(await ask(`${url}-missing`));
      for (const secret of [TOKEN, password, planted]) {
        assert.ok(secret.length > 20);
        assert.equal(told.find((text) => text.includes(secret)), undefined, secret);
      }
    });
  });
}

async function* chunksOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* chunksOf(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
