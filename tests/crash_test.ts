import assert from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { chunkFolder, newUuid, uuidToBytes } from "../shared/chunk_id.ts";
import { SixfoldError } from "../shared/errors.ts";
import { StorageService } from "../shared/gen/sixfold/v1/storage_pb.ts";
import { fetchTransport } from "../shared/rpc.ts";
import { straced } from "../scripts/faults/strace.ts";
import { until } from "../scripts/programs.ts";
import { chunkFiles, type Daemon, TestCluster, TOKEN } from "./cluster.ts";
import { debianTool } from "../scripts/tools.ts";
import { when } from "./when.ts";

const strace = await debianTool("strace", ["-V"]);
const BLOCK = 64 * 1024;
const BLOCKS = 40;
const options = { headers: { authorization: `Bearer ${TOKEN}` }, timeoutMs: 15_000 };
/** Every system call with which PutChunk may touch its folder. */
const CALLS = "statx,statfs,openat,pwrite64,write,fsync,fdatasync,close,mkdir,mkdirat,rename,renameat,renameat2,unlink";

const clientOf = (daemon: Daemon) => createClient(StorageService, fetchTransport(`http://${daemon.http}`));

/** A chunk of 2.5 MiB: three writes, and every step of the durable order. @returns whether it was acknowledged */
async function put(daemon: Daemon, upload: string): Promise<SixfoldError | undefined> {
  const header = {
    chunkId: `${upload}.0.1.0`,
    uploadId: Uint8Array.from(uuidToBytes(upload)),
    segment: 0,
    index: 1,
    dataChunks: 4,
    parityChunks: 2,
    blockSize: BLOCK,
  };
  const steps = async function* () {
    yield { part: { case: "header" as const, value: header } };
    for (let i = 0; i < BLOCKS; i++) {
      yield { part: { case: "block" as const, value: { number: i, data: new Uint8Array(BLOCK).fill(i) } } };
    }
    yield { part: { case: "end" as const, value: { length: BigInt(BLOCKS * BLOCK) } } };
  };
  return await clientOf(daemon).putChunk(steps(), options).then(() => undefined, (error) => SixfoldError.from(error));
}

/** The paths that PutChunk touches for an upload, inside-out. */
function pathsOf({ folder }: Daemon, upload: string): Record<string, string> {
  const id = `${upload}.0.1.0`;
  const home = `${folder}/chunks/${chunkFolder(id)}`;
  return {
    temporary: `${folder}/tmp/${id}`,
    final: `${home}/${id}`,
    home,
    above: `${folder}/chunks/${chunkFolder(id).slice(0, 2)}`,
    chunks: `${folder}/chunks`,
  };
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test({
  ...when(
    strace !== undefined,
    "it needs strace",
    "a daemon killed at any system call of PutChunk keeps what it acknowledged, and shows nothing half",
  ),
  async fn() {
    await using cluster = await TestCluster.start(1);
    /** @returns whether the daemon was killed */
    const run = async (choose: (paths: Record<string, string>) => readonly string[], inject: string) => {
      const [daemon] = cluster.daemons;
      assert.ok(daemon);
      const upload = newUuid();
      const paths = pathsOf(daemon, upload);
      let refused: SixfoldError | undefined;
      let ended = false;
      daemon.process.status.then(() => ended = true);
      await straced(daemon.process.pid, choose(paths), inject, async () => {
        refused = await put(daemon, upload);
        // A kill that came after the answer needs a moment to be seen.
        if (refused !== undefined) await until("the daemon lives", 2000, () => Promise.resolve(ended)).catch(() => {});
      });
      const alive = ended ? await cluster.restartDaemon(daemon) : daemon;
      // The daemon writes files of its own there now and then.
      const left = await chunkFiles(`${alive.folder}/tmp`);
      if (ended) assert.deepEqual(left.filter((path) => path.includes(upload)), []);
      const final = await isThere(paths["final"] ?? "");
      if (refused === undefined) assert.ok(final, "an acknowledged chunk is gone");
      if (final) {
        const verified = await clientOf(alive).verifyChunk({ chunkId: `${upload}.0.1.0` }, options);
        assert.ok(verified.intact, "a bad chunk under its final name");
      }
      return ended;
    };
    let kills = 0;
    // strace counts the calls of each thread by itself, and which thread makes which call is left to chance. So all calls
    // by number, until three runs in a row are clean, and then each kind on each path.
    for (let n = 1, clean = 0; clean < 3; n++) {
      const killed = await run(Object.values, `inject=${CALLS}:signal=KILL:when=${n}`);
      clean = killed ? 0 : clean + 1;
      if (killed) kills++;
    }
    for (const [call, path] of STEPS) {
      const killed = await run((paths) => [paths[path] ?? ""], `inject=${call}:signal=KILL:when=1`);
      assert.ok(killed, `PutChunk made no ${call} of ${path}`);
    }
    assert.ok(kills >= 3, `${kills} kills by number`);
  },
});

/** Each step of the durable order that must have been killed at. */
const STEPS = [
  ["openat", "temporary"],
  ["pwrite64", "temporary"],
  ["fsync", "temporary"],
  ["close", "temporary"],
  ["mkdir", "home"],
  ["fsync", "above"],
  ["fsync", "chunks"],
  ["rename", "temporary"],
  ["openat", "home"],
  ["fsync", "home"],
] as const;

Deno.test({
  ...when(
    strace !== undefined,
    "it needs strace",
    "an error of the disk: no fsync is tried again, nothing stays, and the daemon goes on",
  ),
  async fn(t) {
    await using cluster = await TestCluster.start(1);
    const [daemon] = cluster.daemons;
    assert.ok(daemon);
    const cases = [
      ["fsync", "temporary", "EIO", "unavailable", "DISK_ERROR"],
      ["fsync", "home", "EIO", "unavailable", "DISK_ERROR"],
      ["pwrite64", "temporary", "EIO", "unavailable", "DISK_ERROR"],
      ["pwrite64", "temporary", "ENOSPC", "resource_exhausted", "DISK_FULL"],
      ["openat", "temporary", "EDQUOT", "resource_exhausted", "DISK_FULL"],
      ["rename", "temporary", "EIO", "unavailable", "DISK_ERROR"],
    ] as const;
    for (const [call, path, error, code, detail] of cases) {
      await t.step(`${error} at ${call} of ${path}`, async () => {
        const upload = newUuid();
        const paths = pathsOf(daemon, upload);
        let refused: SixfoldError | undefined;
        const log = await straced(
          daemon.process.pid,
          [paths[path] ?? ""],
          `inject=${call}:error=${error}`,
          async () => {
            refused = await put(daemon, upload);
          },
        );
        assert.deepEqual([refused?.code, refused?.detail], [code, detail]);
        assert.equal(log.match(new RegExp(`\\b${call}\\(`, "g"))?.length, 1, log);
        assert.equal(await isThere(paths["final"] ?? ""), false);
        assert.equal(await isThere(paths["temporary"] ?? ""), false);
        assert.equal(await put(daemon, newUuid()), undefined);
      });
    }
  },
});
