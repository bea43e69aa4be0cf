import assert from "node:assert/strict";
import { auditCluster } from "../scripts/audit.ts";
import { stopAll, until } from "../scripts/programs.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { SmallDisk } from "../scripts/faults/small_disk.ts";
import { straced } from "../scripts/faults/strace.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";
import { debianTool } from "../scripts/tools.ts";
import { when } from "./when.ts";

const MIB = 1024 * 1024;
const strace = await debianTool("strace", ["-V"]);
const isRoot = Deno.uid() === 0;

async function put(url: string, size: number): Promise<{ status: number; detail?: string; sha256: string }> {
  const body = makeBody(size);
  const response = await fetch(url, { method: "PUT", body: body.stream });
  return { ...(await response.json()), status: response.status, sha256: body.digest() };
}

for (const hop of ["web", "grpc"]) {
  Deno.test({
    ...when(isRoot, "mounting a small disk takes root", `HOP=${hop}: full disks`),
    async fn(t) {
      await using stack = new AsyncDisposableStack();
      const cluster = stack.use(await TestCluster.start(2));
      const disks: SmallDisk[] = [];
      // They fill up one after another: each time the segment is closed, and another one begins on those that are left.
      for (const mib of [10, 18, 26, 34]) {
        const folder = `${cluster.folder}/daemon-${cluster.daemons.length}`;
        disks.push(stack.use(await SmallDisk.make(folder, mib)));
        await cluster.addDaemon(folder);
      }
      // The disks go after the daemons: what was added last is ended first.
      stack.defer(async () => void await stopAll(cluster.daemons.map(({ process }) => process)));
      const settings = { SIXFOLD_HOP: hop, SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1" };
      const files = `${await cluster.addGateway(settings)}/v1/files/demo`;
      const stored = async () =>
        (await Promise.all(cluster.daemons.flatMap(({ folder }) => [
          chunkFiles(`${folder}/chunks`),
          chunkFiles(`${folder}/tmp`),
        ]))).flat();
      let kept = "";
      await t.step("one of six fills up in the middle: the upload lands on the others and reads back", async () => {
        const { status, sha256 } = await put(`${files}/a`, 52 * MIB);
        assert.equal(status, 201);
        assert.deepEqual(await digestOf(await fetch(`${files}/a`)), { sha256, length: 52 * MIB });
        kept = sha256;
      });
      await t.step("four of six fill up: 507, and nothing is left behind", async () => {
        await until("garbage is left", 60_000, async () => (await chunkFiles(`${disks[0]?.folder}/tmp`)).length === 0);
        const { status, detail } = await put(`${files}/b`, 240 * MIB);
        assert.deepEqual([status, detail], [507, "DISK_FULL"]);
        // Meanwhile the repair of the first file may add a chunk, so what counts is what no row names.
        const folders = cluster.daemons.map(({ folder }) => folder);
        await until("something is left behind", 60_000, async () => {
          const faults = await auditCluster(cluster.postgres.url, folders);
          return !faults.some((fault) => /which no row names|\/tmp holds/.test(fault));
        });
        assert.equal((await fetch(`${files}/b`, { method: "HEAD" })).status, 404);
      });
      await t.step("what was stored reads, and a delete makes room", async () => {
        assert.equal((await digestOf(await fetch(`${files}/a`))).sha256, kept);
        assert.equal((await fetch(`${files}/a`, { method: "DELETE" })).status, 204);
        await until("the chunks of the deleted file stay", 60_000, async () => (await stored()).length === 0);
        await until("no room after the delete", 60_000, async () => (await put(`${files}/c`, 20 * MIB)).status === 201);
      });
    },
  });
}

Deno.test({
  ...when(
    strace !== undefined,
    "it needs strace",
    "a disk of 1 MB/s: no upload waits for it, and its daemon holds little",
  ),
  async fn() {
    await using cluster = await TestCluster.start(6);
    const files = `${await cluster.addGateway()}/v1/files/demo`;
    const slow = cluster.daemons[0];
    assert.ok(slow);
    // Each write is of 1 MiB and takes a second.
    await straced(slow.process.pid, [], "inject=pwrite64:delay_enter=1000000", async () => {
      const began = performance.now();
      const { status, sha256 } = await put(`${files}/large`, 256 * MIB);
      const seconds = (performance.now() - began) / 1000;
      assert.equal(status, 201);
      assert.ok(seconds < 30, `${seconds} s: at the disk's speed it would be 64`);
      const memory = await Deno.readTextFile(`/proc/${slow.process.pid}/status`);
      const peak = Number(/VmHWM:\s+(\d+)/.exec(memory)?.[1]) / 1024;
      assert.ok(peak < 100, `${peak} MiB`);
      assert.equal((await digestOf(await fetch(`${files}/large`))).sha256, sha256);
    });
  },
});
