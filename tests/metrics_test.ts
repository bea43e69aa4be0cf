import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { randomBytes } from "node:crypto";
import { openDatabase } from "../gateway/db/database.ts";
import { debianTool } from "../scripts/tools.ts";
import { ClusterService } from "../shared/gen/sixfold/v1/cluster_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { VERSION } from "../shared/version.ts";
import { until } from "../scripts/programs.ts";
import { TestCluster } from "./cluster.ts";
import { when } from "./when.ts";

const promtool = await debianTool("promtool", ["--version"], "prometheus");

/** A page of metrics. */
async function scrape(address: string): Promise<string> {
  const response = await fetch(`${address}/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return await response.text();
}

/** How many series a page has; those of one name, where it is given. */
function series(page: string, name = ""): string[] {
  return page.split("\n").filter((line) => line !== "" && !line.startsWith("#") && line.startsWith(name));
}

/** The sum of all series of a name whose labels contain a text. */
function sum(page: string, name: string, labels = ""): number {
  const found = series(page, name).filter((line) => /[{ ]/.test(line[name.length] ?? "") && line.includes(labels));
  return found.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

Deno.test("metrics of a cluster", async (t) => {
  await using cluster = await TestCluster.start(6);
  const gateway = await cluster.addGateway({ SIXFOLD_INLINE_MAX: "1K" });
  const put = async (path: string, size: number) => {
    const response = await fetch(`${gateway}/v1/files/${path}`, { method: "PUT", body: randomBytes(size) });
    await response.body?.cancel();
    assert.equal(response.status, 201);
  };
  const get = async (path: string) => (await (await fetch(`${gateway}/v1/files/${path}`)).bytes()).length;
  const daemonUrl = `http://${cluster.daemons[0]?.http}`;

  await t.step("what was done is counted, on both sides of the hop", async () => {
    await put("demo/a", 3_000_000);
    assert.equal(await get("demo/a"), 3_000_000);
    const page = await scrape(gateway);
    assert.equal(sum(page, "sixfold_file_io_bytes_total", "write"), 3_000_000);
    assert.equal(sum(page, "sixfold_file_io_bytes_total", "read"), 3_000_000);
    assert.equal(sum(page, "sixfold_chunk_io_bytes_total", "put"), 4_500_000);
    assert.equal(sum(page, "sixfold_chunk_calls_total", 'operation="put"'), 6);
    assert.equal(sum(page, "http_server_request_duration_seconds_count", 'method="PUT"'), 1);
    assert.equal(sum(page, "sixfold_servers", "active"), 6);
    assert.equal(sum(page, "sixfold_breaker_state", "closed"), 6);
    assert.equal(sum(page, "sixfold_ring_servers"), 6);
    const daemon = await scrape(daemonUrl);
    for (const text of [page, daemon]) {
      assert.match(text, new RegExp(`^target_info\\{.*service_version="${VERSION}"`, "m"));
    }
    assert.equal(sum(daemon, "sixfold_daemon_io_bytes_total", "put"), 750_000);
    assert.equal(sum(daemon, "sixfold_disk_fsync_duration_seconds_count"), 1);
    assert.equal(sum(daemon, "sixfold_daemon_ready"), 1);
  });

  await t.step("keys and buckets, many as they are, make no more series", async () => {
    await Promise.all([put("demo/b", 10), get("demo/none")]);
    const names = async () => {
      const lines = series(await scrape(gateway)).map((line) => line.slice(0, line.lastIndexOf(" ")));
      // What goes on by itself may happen for the first time meanwhile.
      return lines.filter((line) => !/event_loop|operation="call"/.test(line));
    };
    const before = await names();
    // 10,000 keys in 1,000 buckets, 40 of them at a time.
    for (let i = 0; i < 1000; i += 40) {
      await Promise.all(Array.from({ length: 40 }, async (_, j) => {
        await put(`bucket-${i + j}/key-${i + j}`, 10);
        for (let k = 1; k < 10; k++) await get(`bucket-${i + j}/none-${k}`);
      }));
    }
    assert.deepEqual((await names()).filter((line) => !before.includes(line)), []);
  });

  await t.step("a server that is gone shows", async () => {
    const [lost] = cluster.daemons;
    const version = sum(await scrape(gateway), "sixfold_ring_version");
    const other = await cluster.addGateway();
    assert.equal(sum(await scrape(other), "sixfold_ring_version"), version);
    lost?.process.kill("SIGKILL");
    await lost?.process.status;
    await put("demo/c", 3_000_000);
    await get("demo/a");
    const page = await scrape(gateway);
    assert.ok(sum(page, "sixfold_chunk_calls_total", 'outcome="unavailable"') > 0);
    assert.equal(sum(page, "sixfold_write_substitutes_total", "unavailable"), 1);
    await until(
      "the ring is the same",
      60_000,
      async () => sum(await scrape(gateway), "sixfold_ring_version") !== version,
    );
  });

  await t.step("files that lack chunks are told by how many, and those that are lost", async () => {
    const sql = await openDatabase(cluster.postgres.url, 1);
    await sql`
      INSERT INTO repairs (file_id, segment, index, reason, state)
      SELECT id, 0, i, 'a test', 'parked' FROM files, generate_series(0, 2) AS i
      WHERE key IN ('a', 'c') AND bucket = 'demo' AND (key = 'a' OR i = 0)`;
    await sql.end();
    await until("missing chunks are not told", 30_000, async () => sum(await scrape(gateway), "sixfold_repairs") === 4);
    const page = await scrape(gateway);
    assert.equal(sum(page, "sixfold_redundancy_files", 'missing="1"'), 1);
    assert.equal(sum(page, "sixfold_redundancy_files", 'missing="3"'), 1);
    assert.equal(sum(page, "sixfold_redundancy_lost"), 1);
    const { chunks } = await createClient(ClusterService, fetchTransport(gateway)).locate({ bucket: "demo", key: "c" });
    assert.deepEqual(chunks.map(({ damage }) => damage), ["a test", "", "", "", "", ""]);
  });

  const checked = when(promtool !== undefined, "it needs promtool", "promtool finds nothing to say");
  await t.step({ ...checked, fn: checkPages });

  async function checkPages() {
    const pages = [await scrape(gateway), await scrape(`http://${cluster.daemons[1]?.http}`)];
    for (const page of pages) {
      const check = new Deno.Command(promtool ?? "", {
        args: ["check", "metrics"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = check.stdin.getWriter();
      await writer.write(new TextEncoder().encode(page));
      await writer.close();
      const { success, stdout, stderr } = await check.output();
      const text = new TextDecoder();
      assert.ok(success, text.decode(stdout) + text.decode(stderr));
    }
  }
});
