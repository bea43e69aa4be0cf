import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { TestCluster } from "./cluster.ts";
import { collector, startCollector } from "./traces/collector.ts";
import { checkHops, checkTree, send, whole } from "./traces/trace_tree.ts";
import { when } from "./when.ts";

Deno.test({
  ...when(
    collector !== undefined,
    "it needs Go",
    "the OpenTelemetry Collector has one tree of an upload and of a download",
  ),
  async fn() {
    await using cluster = await TestCluster.start(0);
    await using collector = await startCollector(cluster.folder);
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: "100" };
    for (let i = 0; i < 6; i++) await cluster.addDaemon(`${cluster.folder}/daemon-${i}`, settings);
    for (const hop of ["web", "grpc"]) {
      const url = `${await cluster.addGateway({ ...settings, SIXFOLD_HOP: hop })}/v1/files/demo/${hop}`;
      const bytes = randomBytes(3_000_000);
      const up = await send(url, { method: "PUT", body: bytes });
      const written = await whole(collector, up.traceId, {
        "gateway PUT /v1/files/{bucket}/{key}": 1,
        "gateway upload": 1,
        "gateway chunk.put": 6,
        "daemon chunk.put": 6,
        "daemon disk.fsync": 5,
      });
      checkTree(written, up.parentId);
      checkHops(written, "chunk.put", 6);
      const down = await send(url);
      assert.ok(bytes.equals(down.body));
      const read = await whole(collector, down.traceId, {
        "gateway GET /v1/files/{bucket}/{key}": 1,
        "gateway download": 1,
        "gateway chunk.get": 4,
        "daemon chunk.get": 4,
      });
      checkTree(read, down.parentId);
      checkHops(read, "chunk.get", 4);
    }
  },
});
