import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { missingRanges, treeSha256 } from "../shared/tiling.ts";
import { bytesOf, call, cut, hex, inParallel, MIB, open, sha256 } from "./sessions/client.ts";
import { SessionStage } from "./sessions/stage.ts";

Deno.test("uploads in parts", async (t) => {
  await using stage = await SessionStage.open();
  const { a, b, sql, rpc, either, get, put, same } = stage;

  await t.step("parts in any order, at once, through two gateways: small ones and large ones", async () => {
    const bytes = bytesOf(24 * MIB + 13, 5);
    const ranges = cut(bytes.length, 40);
    const path = await open(a, "random", { size: bytes.length, contentType: "text/plain", metadata: { a: "b" } });
    await inParallel(ranges.sort(() => Math.random() - 0.5), 6, async ({ offset, length }) => {
      const part = bytes.subarray(offset, offset + length);
      const { status, json } = await put(path, offset, part);
      assert.deepEqual([status, json], [200, { offset, length, sha256: sha256(part) }]);
    });
    const { status, json } = await call(`${b}${path}/complete`, "POST");
    assert.equal(status, 200);
    assert.equal(`/v1/uploads/${json.id}`, path);
    const tiles = ranges.sort((x, y) => x.offset - y.offset).map((range) => {
      const hash = sha256(bytes.subarray(range.offset, range.offset + range.length));
      return { ...range, sha256: Uint8Array.from(Buffer.from(hash, "hex")) };
    });
    assert.equal(json.treeSha256, hex(treeSha256(tiles)));
    const whole = await get("random");
    same(whole.bytes, bytes);
    assert.equal(whole.headers.get("etag"), `"${json.id}"`);
    assert.equal(whole.headers.get("repr-digest"), null);
    assert.equal(whole.headers.get("sixfold-meta-a"), "b");
    // Over a border, and over many.
    for (const { offset } of [...tiles.slice(1, 8), tiles.at(-1) ?? { offset: 5 }]) {
      const [from, to] = [Math.max(0, offset - 3), Math.min(bytes.length, offset + 5000)];
      same((await get("random", { range: `bytes=${from}-${to - 1}` })).bytes, bytes.subarray(from, to));
      const pieces: Uint8Array[] = [];
      const request = { bucket: "demo", key: "random", offset: BigInt(from), length: BigInt(to - from) };
      for await (const { part } of rpc.download(request)) if (part.case === "data") pieces.push(part.value.slice());
      same(Buffer.concat(pieces), bytes.subarray(from, to));
    }
    assert.equal(
      hex((await rpc.getFile({ bucket: "demo", key: "random" })).file?.treeSha256 ?? bytes),
      json.treeSha256,
    );
  });

  await t.step("every call three times gets the same answer", async () => {
    const bytes = bytesOf(3 * MIB, 6);
    const { upload } = await rpc.createUpload({ header: { bucket: "demo", key: "again" } });
    assert.ok(upload);
    const uploadId = upload.id;
    const path = `/v1/uploads/${uploadId}`;
    const parts = [{ offset: 0n, data: bytes.subarray(0, MIB) }, { offset: BigInt(MIB), data: bytes.subarray(MIB) }];
    for (let i = 0; i < 3; i++) {
      for (const { offset, data } of parts) {
        const { part } = await rpc.uploadPart({ uploadId, offset, data });
        assert.deepEqual([part?.offset, part?.length], [offset, BigInt(data.length)]);
        assert.equal(hex(part?.sha256 ?? data), sha256(data));
      }
    }
    // A longer body over the same bytes is the same bytes again, and goes on behind them.
    assert.equal((await put(path, 0, bytes)).status, 200);
    const seen = await rpc.getUpload({ uploadId });
    assert.deepEqual([seen.parts.length, seen.upload?.received], [2, BigInt(bytes.length)]);
    const [counted] = await sql`SELECT count(*)::int AS chunks FROM part_chunks WHERE upload_id = ${uploadId}`;
    assert.equal(counted?.["chunks"], 12);
    const answers: unknown[] = [];
    for (const gateway of [a, b, a]) answers.push(await call(`${gateway}${path}/complete`, "POST"));
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(answers[2], answers[0]);
    // Whatever becomes of the file.
    await (await fetch(`${a}/v1/files/demo/again`, { method: "DELETE" })).body?.cancel();
    assert.deepEqual(await call(`${b}${path}/complete`, "POST"), answers[0]);
    assert.equal((await get("again")).status, 404);
    assert.equal((await rpc.getUpload({ uploadId })).upload?.file?.id, uploadId);
    const late = await put(path, 0, bytes.subarray(0, MIB));
    assert.deepEqual([late.status, late.json.code], [400, "failed_precondition"]);
    await assert.rejects(
      rpc.abortUpload({ uploadId }),
      (error) => ConnectError.from(error).code === Code.FailedPrecondition,
    );
    const other = await open(a, "aborted");
    await put(other, 0, bytes);
    for (let i = 0; i < 3; i++) assert.equal((await call(`${either()}${other}`, "DELETE")).status, 204);
    assert.equal((await put(other, 0, bytes)).status, 404);
  });

  await t.step("missing, overlapping and other bytes are refused and change nothing", async () => {
    const bytes = bytesOf(2 * MIB, 7);
    const path = await open(a, "holes", { size: bytes.length });
    await put(path, 100, bytes.subarray(100, 200));
    await put(path, MIB, bytes.subarray(MIB, MIB + 50_000));
    const before = await call(`${a}${path}`, "GET");
    const incomplete = await call(`${b}${path}/complete`, "POST");
    assert.deepEqual([incomplete.status, incomplete.json.code], [400, "failed_precondition"]);
    assert.match(incomplete.json.title, /bytes 0-99, 200-1048575, 1098576-2097151 are missing/);
    const refused: [number, Uint8Array<ArrayBuffer>, number][] = [
      [150, bytes.subarray(150, 300), 409], // begins inside
      [100, bytes.subarray(100, 150), 409], // ends inside
      [100, bytesOf(100, 9), 409], // other bytes
      [0, bytesOf(300, 9), 409], // other bytes, behind a gap
      [bytes.length - 5, bytes.subarray(0, 6), 400], // beyond the size
    ];
    for (const [offset, part, status] of refused) {
      const answer = await put(path, offset, part);
      const code = status === 409 ? "already_exists" : "out_of_range";
      assert.deepEqual([answer.status, answer.json.code], [status, code], JSON.stringify(answer.json));
      if (offset === 150) assert.match(answer.json.title, /go on from 200/);
      // A body whose length is not known beforehand.
      assert.equal((await put(path, offset, new Blob([part]).stream())).status, status);
    }
    assert.equal((await put(path, 0, new Blob([bytes]).stream(), a, {})).status, 200);
    const after = await call(`${a}${path}`, "GET");
    assert.deepEqual(before.json.parts, after.json.parts.filter((_: unknown, i: number) => i === 1 || i === 3));
    const pages: unknown[] = [];
    for (let from: number | undefined = 0; from !== undefined;) {
      const { json } = await call(`${b}${path}?from=${from}&limit=2`, "GET");
      pages.push(...json.parts);
      from = json.next;
    }
    assert.deepEqual(pages, after.json.parts);
    assert.equal((await call(`${b}${path}/complete`, "POST")).status, 200);
    same((await get("holes")).bytes, bytes);
  });

  await t.step(
    "any ranges of the right bytes, at once: what gets in tiles, and what is told to be missing completes it",
    async () => {
      const bytes = bytesOf(400_000, 20);
      const path = await open(a, "any", { size: bytes.length });
      const tries = Array.from({ length: 80 }, () => {
        const offset = Math.floor(Math.random() * bytes.length);
        return { offset, length: Math.ceil(Math.random() * Math.min(90_000, bytes.length - offset)) };
      });
      const statuses = new Set<number>();
      await inParallel(tries, 6, async ({ offset, length }) => {
        const answer = await put(path, offset, bytes.subarray(offset, offset + length));
        assert.ok([200, 409].includes(answer.status), JSON.stringify(answer));
        statuses.add(answer.status);
      });
      assert.deepEqual([...statuses].sort(), [200, 409]);
      const { json } = await call(`${b}${path}`, "GET");
      const there: { offset: number; length: number; sha256: string }[] = json.parts;
      assert.equal(there.reduce((sum, { length }) => sum + length, 0), json.received);
      for (const { offset, length, sha256: hash } of there) {
        assert.equal(hash, sha256(bytes.subarray(offset, offset + length)));
      }
      for (const { offset, length } of missingRanges(there, bytes.length)) {
        assert.equal((await put(path, offset, bytes.subarray(offset, offset + length))).status, 200);
      }
      assert.equal((await call(`${a}${path}/complete`, "POST")).status, 200);
      same((await get("any")).bytes, bytes);
    },
  );

  await t.step("checksums: of a part, and of the whole file", async () => {
    const bytes = bytesOf(2 * MIB, 8);
    const digest = (part: Uint8Array) => ({
      "content-digest": `sha-256=:${Buffer.from(sha256(part), "hex").toString("base64")}:`,
    });
    for (const wrong of [false, true]) {
      const path = await open(a, "checked", { sha256: sha256(wrong ? bytes.subarray(1) : bytes) });
      const first = bytes.subarray(0, MIB);
      const bad = await put(path, 0, first, b, digest(bytes));
      assert.deepEqual([bad.status, bad.json.detail], [400, "CHECKSUM_MISMATCH"]);
      assert.deepEqual((await call(`${a}${path}`, "GET")).json.parts, []);
      assert.equal((await put(path, 0, first, b, digest(first))).status, 200);
      await put(path, MIB, bytes.subarray(MIB));
      const done = await call(`${a}${path}/complete`, "POST");
      if (wrong) assert.deepEqual([done.status, done.json.detail], [400, "CHECKSUM_MISMATCH"]);
      else assert.deepEqual([done.status, done.json.sha256], [200, sha256(bytes)]);
      if (wrong) await call(`${a}${path}`, "DELETE");
    }
    assert.ok((await get("checked")).headers.get("repr-digest"));
  });

  await t.step("an empty file, and what is no session", async () => {
    const path = await open(b, "empty", { size: 0 });
    assert.deepEqual((await put(path, 0, "")).json.length, 0);
    assert.equal((await call(`${a}${path}/complete`, "POST")).json.sha256, sha256(new Uint8Array(0)));
    const got = await get("empty");
    assert.deepEqual([got.status, got.bytes.length], [200, 0]);
    for (const id of ["x", crypto.randomUUID()]) {
      const gone = `/v1/uploads/${id}`;
      assert.equal((await call(`${a}${gone}`, "GET")).status, 404);
      assert.equal((await put(gone, 0, "abc")).status, 404);
      assert.equal((await call(`${a}${gone}/complete`, "POST")).status, 404);
      assert.equal((await call(`${a}${gone}`, "DELETE")).status, 204);
    }
    for (
      const form of [
        "",
        "[]",
        '{"bucket":"demo"}',
        '{"bucket":"demo","key":"k","size":-1}',
        '{"bucket":"demo","key":"k","x":1}',
      ]
    ) {
      assert.equal((await call(`${a}/v1/uploads`, "POST", form)).status, 400, form);
    }
    const big = { header: { bucket: "demo", key: "big", size: 11n * 1024n ** 3n } };
    await assert.rejects(rpc.createUpload(big), (e) => ConnectError.from(e).code === Code.ResourceExhausted);
    const uploadId = (await open(a, "rpc")).slice("/v1/uploads/".length);
    await assert.rejects(
      rpc.uploadPart({ uploadId, data: new Uint8Array(8 * MIB + 1) }),
      (e) => ConnectError.from(e).code === Code.InvalidArgument,
    );
  });

  await t.step("a file deleted and replaced while a session for its key is open", async () => {
    const bytes = bytesOf(MIB, 13);
    const file = `${a}/v1/files/demo/meanwhile`;
    await call(file, "PUT", bytesOf(100_000, 1));
    const path = await open(a, "meanwhile");
    const careful = await open(a, "new", { ifAbsent: true });
    await put(path, 0, bytes);
    await put(careful, 0, bytes);
    await (await fetch(file, { method: "DELETE" })).body?.cancel();
    await call(`${b}/v1/files/demo/new`, "PUT", "first");
    assert.equal((await call(`${b}${path}/complete`, "POST")).status, 200);
    same((await get("meanwhile")).bytes, bytes);
    assert.equal((await call(`${b}${careful}/complete`, "POST")).status, 412);
    assert.equal((await get("new")).bytes.length, 5);
    await call(`${b}${careful}`, "DELETE");
  });

  await t.step("too many open sessions are refused", async () => {
    await sql`
      INSERT INTO upload_sessions (id, bucket, key, content_type, if_absent, expires_at)
      SELECT gen_random_uuid(), 'demo', 'many', '', false, now() + interval '1 hour' FROM generate_series(1, 10000)`;
    const { status, json } = await call(`${a}/v1/uploads`, "POST", '{"bucket":"demo","key":"one more"}');
    assert.deepEqual([status, json.code], [429, "resource_exhausted"]);
    await sql`DELETE FROM upload_sessions WHERE key = 'many'`;
  });

  await t.step("a session that was never written to costs no daemon a call when it ends", async () => {
    const { json } = await call(`${a}/v1/uploads`, "POST", '{"bucket":"demo","key":"unused"}');
    assert.equal((await call(`${a}/v1/uploads/${json.id}`, "DELETE")).status, 204);
    assert.equal((await sql`SELECT FROM garbage WHERE chunk_id = ${json.id}`).length, 0);
  });

  await t.step("at the end, the disks hold what PostgreSQL names and nothing else", () => stage.atRest());
});
