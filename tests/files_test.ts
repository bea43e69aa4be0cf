import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { openDatabase } from "../gateway/db/database.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";

/** Deleted bytes leave at once, so that a test sees them go. */
const CLEANUP = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1" };
const MIB = 1024 * 1024;

function data(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

async function put(url: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(url, { method: "PUT", body, headers });
  return new Response(await response.text(), response);
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  const response = await fetch(url, { headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.ok(response.ok, `${response.status} ${new TextDecoder().decode(bytes.subarray(0, 200))}`);
  return bytes;
}

async function status(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

const same = (a: Uint8Array, b: Uint8Array) => assert.ok(Buffer.from(a.buffer, a.byteOffset, a.length).equals(b));

for (const hop of ["web", "grpc"]) {
  Deno.test(`files through HOP=${hop}`, async (t) => {
    await using cluster = await TestCluster.start(6);
    const files = `${await cluster.addGateway({
      SIXFOLD_HOP: hop,
      SIXFOLD_INLINE_MAX: "0",
      ...CLEANUP,
    })}/v1/files/demo`;
    const stripe = 4 * MIB;
    await using stack = new AsyncDisposableStack();
    const sql = await openDatabase(cluster.postgres.url, 1);
    stack.defer(() => sql.end());
    /** Stores a file with all its chunks: on a busy machine one may miss the commit, and then a new try is simplest. */
    const putWhole = async (key: string, bytes: Uint8Array<ArrayBuffer>) => {
      for (;;) {
        const { id } = await (await put(`${files}/${key}`, bytes)).json();
        const rows = await sql`SELECT FROM chunks WHERE file_id = ${id}`;
        const all = (await Promise.all(cluster.daemons.map(({ folder }) => chunkFiles(`${folder}/chunks`)))).flat();
        if (rows.length === 6) return { id, paths: all.filter((path) => path.includes(id)).sort() };
      }
    };

    await t.step("every size around a stripe comes back, whole and in parts", async () => {
      for (const size of [0, 1, 2, 5, 4095, MIB, stripe - 1, stripe, stripe + 1, 3 * stripe + 7]) {
        const bytes = data(size, size + 1);
        assert.equal((await put(`${files}/size-${size}`, bytes)).status, 201);
        same(await get(`${files}/size-${size}`), bytes);
        if (size < 5) continue;
        same(await get(`${files}/size-${size}`, { range: `bytes=${size - 3}-` }), bytes.subarray(size - 3));
        const [from, to] = [size >> 2, (size >> 1) + 1];
        same(await get(`${files}/size-${size}`, { range: `bytes=${from}-${to}` }), bytes.subarray(from, to + 1));
      }
    });

    await t.step("a body of unknown length, and keys of every kind", async () => {
      for (const key of ["a%20b", "a%2Fb", "%E6%97%A5%E6%9C%AC.txt", "x".repeat(1024)]) {
        const bytes = data(100_000, key.length);
        assert.equal((await put(`${files}/${key}`, new Blob([bytes]).stream())).status, 201);
        same(await get(`${files}/${key}`), bytes);
      }
      same(await get(`${files}/a/b`), data(100_000, "a%2Fb".length));
    });

    await t.step("what is wrong is refused and stores nothing", async () => {
      const digest = (bytes: Uint8Array) => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
      const bytes = data(200_000);
      assert.equal((await put(`${files}/good`, bytes, { "repr-digest": digest(bytes) })).status, 201);
      assert.equal((await put(`${files}/bad`, bytes, { "repr-digest": digest(data(1)) })).status, 400);
      assert.equal((await put(`${files}/good`, bytes, { "if-none-match": "*" })).status, 412);
      for (const key of ["x".repeat(1025), "a%00b", "a//b", "%FF"]) {
        assert.equal((await put(`${files}/${key}`, bytes)).status, 400, key);
      }
      assert.equal((await put(files.replace("demo", "b%20d") + "/x", bytes)).status, 400);
      assert.equal(await status(`${files}/bad`), 404);
      assert.equal(await status(`${files}/good`, { headers: { range: "bytes=200000-" } }), 416);
      assert.equal(await status(`${files}/good`, { method: "POST" }), 405);
    });

    await t.step("conditions, HEAD, overwrite and delete", async () => {
      await put(`${files}/doc`, data(100), { "content-type": "text/html", "sixfold-meta-a": "1" });
      const head = await fetch(`${files}/doc`, { method: "HEAD" });
      const etag = head.headers.get("etag") ?? "";
      assert.equal(head.headers.get("content-length"), "100");
      assert.match(head.headers.get("content-disposition") ?? "", /^attachment/);
      assert.equal(head.headers.get("sixfold-meta-a"), "1");
      assert.equal(await status(`${files}/doc`, { headers: { "if-none-match": etag } }), 304);
      assert.equal(await status(`${files}/doc`, { headers: { "if-match": '"other"' } }), 412);
      await put(`${files}/doc`, data(50));
      assert.equal((await get(`${files}/doc`, { range: "bytes=0-3", "if-range": etag })).length, 50);
      assert.equal(await status(`${files}/doc`, { method: "DELETE" }), 204);
      assert.equal(await status(`${files}/doc`, { method: "DELETE" }), 404);
    });

    await t.step("two uploads to one key at once: one winner, never mixed bytes", async () => {
      const bodies = [data(stripe + 5, 3), data(stripe + 5, 4)];
      await Promise.all(bodies.map((body) => put(`${files}/race`, body)));
      const [first = ""] = bodies.map((body) => createHash("sha256").update(body).digest("hex"));
      const won = createHash("sha256").update(await get(`${files}/race`)).digest("hex");
      assert.ok(won === first || won === createHash("sha256").update(bodies[1] ?? "").digest("hex"));
    });

    await t.step("a flipped bit, a cut and a missing chunk are mended from parity; too many are an error", async () => {
      const bytes = data(2 * stripe + 9, 9);
      // What is damaged is repaired as soon as it has been read: each kind of damage has its own file, and is all done first.
      const [first = "", second = ""] = (await putWhole("hurt", bytes)).paths;
      const file = await Deno.open(first, { read: true, write: true });
      await file.seek(700_000, Deno.SeekMode.Start);
      await file.write(Uint8Array.of(1, 2, 3, 4, 5));
      file.close();
      await Deno.truncate(second, 5000);
      same(await get(`${files}/hurt`), bytes);
      for (const [key, holes] of [["holes", 2], ["lost", 3]] as const) {
        const { paths } = await putWhole(key, bytes);
        await Promise.all(paths.slice(0, holes).map((path) => Deno.remove(path)));
      }
      same(await get(`${files}/holes`), bytes);
      assert.equal(await status(`${files}/lost`), 500);
    });

    await t.step("chunk files that were swapped are seen, and mended from parity", async () => {
      const bytes = data(2 * stripe + 9, 10);
      const { paths } = await putWhole("swapped", bytes);
      const [first = "", second = ""] = paths;
      await Deno.copyFile(first, `${first}.swap`);
      await Deno.copyFile(second, first);
      await Deno.rename(`${first}.swap`, second);
      same(await get(`${files}/swapped`), bytes);
    });

    await t.step("the chunks of deleted files leave the disks", async () => {
      const { id } = await putWhole("gone", data(stripe));
      const count = async () =>
        (await Promise.all(cluster.daemons.map(({ folder }) => chunkFiles(`${folder}/chunks`)))).flat()
          .filter((path) => path.includes(id)).length;
      assert.equal(await count(), 6);
      await status(`${files}/gone`, { method: "DELETE" });
      for (let i = 0; i < 100 && await count() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(await count(), 0);
    });

    await t.step("two of six daemons killed: everything reads, and uploads go to the others at once", async () => {
      const bytes = data(3 * stripe + 11, 12);
      await put(`${files}/before`, bytes);
      for (const daemon of cluster.daemons.slice(0, 2)) {
        daemon.process.kill("SIGKILL");
        await daemon.process.status;
      }
      same(await get(`${files}/before`), bytes);
      assert.equal((await put(`${files}/after`, bytes)).status, 201);
      same(await get(`${files}/after`), bytes);
    });
  });
}
