import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { openDatabase } from "../gateway/db/database.ts";
import { until } from "../scripts/programs.ts";
import { chunkFiles, TestCluster } from "./cluster.ts";

const BLOCK = 4096;
const INLINE = 32 * 1024;
const SETTINGS = { SIXFOLD_GRACE: "0", SIXFOLD_CLEANUP_EVERY: "1", SIXFOLD_BLOCK_SIZE: String(BLOCK) };

const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i * 31) ^ (i >> 8));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("base64");

/** Writes a request as it stands. @returns the statuses of all answers until the connection was closed */
async function raw(address: string, request: string): Promise<number[]> {
  let text = "";
  const socket = connect(Number(new URL(address).port), "127.0.0.1");
  socket.on("data", (data) => text += String(data)).on("error", () => {});
  socket.write(request);
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly detail?: string;
}

async function answerOf(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  assert.equal(response.headers.get("content-type"), "application/problem+json", text);
  const { code, detail } = JSON.parse(text);
  return { status: response.status, code, ...(detail === undefined ? {} : { detail }) };
}

Deno.test("sizes and names of every kind, and what is wrong", async (t) => {
  await using cluster = await TestCluster.start(6);
  const stored = async () =>
    (await Promise.all(cluster.daemons.flatMap(({ folder }) => [
      chunkFiles(`${folder}/chunks`),
      chunkFiles(`${folder}/tmp`),
    ]))).flat().length;

  for (const layout of ["6+0", "5+1", "4+2", "3+3"]) {
    await t.step(`${layout}: every size around a number of blocks, around the inline limit, and none`, async () => {
      const k = Number(layout[0]);
      const gateway = await cluster.addGateway({ ...SETTINGS, SIXFOLD_LAYOUT: layout });
      const around = [...Array(3 * k + 1).keys()].map((blocks) => blocks * BLOCK).concat(INLINE, INLINE + k * BLOCK);
      for (const size of new Set(around.flatMap((middle) => [middle - 1, middle, middle + 1]))) {
        if (size < 0) continue;
        const bytes = bytesOf(size);
        const url = `${gateway}/v1/files/${layout.replace("+", "-")}/${size}`;
        const put = await fetch(url, {
          method: "PUT",
          body: bytes,
          headers: { "repr-digest": `sha-256=:${sha256(bytes)}:` },
        });
        assert.equal((await put.json()).size, size);
        const back = await (await fetch(url)).bytes();
        assert.ok(Buffer.from(bytes).equals(back), String(size));
        if (size > 0) {
          const last = await fetch(url, { headers: { range: "bytes=-1" } });
          assert.equal(last.headers.get("content-range"), `bytes ${size - 1}-${size - 1}/${size}`);
          assert.deepEqual(await last.bytes(), bytes.slice(-1));
        }
        const gone = await fetch(url, { method: "DELETE" });
        assert.equal(gone.status, 204);
      }
    });
  }

  const gateway = await cluster.addGateway(SETTINGS);
  const files = `${gateway}/v1/files/demo`;
  await t.step("keys of every kind are kept as they are", async () => {
    const keys = [
      "a b",
      "a/b",
      "日本.txt",
      "%2F",
      "a?b#c",
      "+",
      "con",
      "...",
      "x\r\ny",
      "é".repeat(512),
      "x".repeat(1024),
    ];
    for (const key of keys) {
      const response = await fetch(`${files}/${encodeURIComponent(key)}`, { method: "PUT", body: key });
      assert.equal(response.status, 201, await response.text());
    }
    const { files: listed } = await (await fetch(`${gateway}/v1/files?bucket=demo`)).json();
    const sorted = keys.map((key) => Buffer.from(key)).sort(Buffer.compare).map(String);
    assert.deepEqual(listed.map(({ key }: { key: string }) => key), sorted);
    for (const key of keys) {
      assert.equal(await (await fetch(`${files}/${encodeURIComponent(key)}`)).text(), key);
      await fetch(`${files}/${encodeURIComponent(key)}`, { method: "DELETE" });
    }
  });

  await t.step("a bad name, a wrong digest and a bad range are refused with a code of the table", async () => {
    const body = bytesOf(100_000);
    const bad = { status: 400, code: "invalid_argument" };
    for (const key of ["x".repeat(1025), "%C3%A9".repeat(513), "a%00b", "a//b", "a/", "%FF", "%E0%A4%A", "%ED%A0%80"]) {
      assert.deepEqual(await answerOf(`${files}/${key}`, { method: "PUT", body }), bad, key);
    }
    for (const bucket of ["b%20d", ".d", "a".repeat(64), "%E6%97%A5"]) {
      assert.deepEqual(await answerOf(`${gateway}/v1/files/${bucket}/x`, { method: "PUT", body }), bad, bucket);
    }
    const refused = async (name: string, value: string) =>
      await answerOf(`${files}/bad`, { method: "PUT", body, headers: { [name]: value } });
    for (const name of ["repr-digest", "content-digest"]) {
      const mismatch = { ...bad, detail: "CHECKSUM_MISMATCH" };
      assert.deepEqual(await refused(name, `sha-256=:${sha256(bytesOf(1))}:`), mismatch);
      for (const value of ["sha-256=:=:", "sha-256=:YQ==:", `sha-256=${sha256(body)}`, "sha-256="]) {
        assert.deepEqual(await refused(name, value), bad, value);
      }
    }
    assert.deepEqual(await answerOf(`${files}/bad`), { status: 404, code: "not_found" });
    for (const size of [0, 10, 100_000]) {
      await (await fetch(`${files}/ranged`, { method: "PUT", body: bytesOf(size) })).body?.cancel();
      for (const range of [`bytes=${size}-`, `bytes=${size + 5}-${size + 9}`, "bytes=-0"]) {
        const expected = { status: 416, code: "out_of_range", detail: "RANGE" };
        assert.deepEqual(await answerOf(`${files}/ranged`, { headers: { range } }), expected);
        const response = await fetch(`${files}/ranged`, { headers: { range } });
        assert.equal(response.headers.get("content-range"), `bytes */${size}`);
        await response.body?.cancel();
      }
      for (const range of ["bytes=9-5", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"]) {
        const response = await fetch(`${files}/ranged`, { headers: { range } });
        assert.deepEqual([response.status, (await response.bytes()).length], [200, size], range);
      }
    }
    await fetch(`${files}/ranged`, { method: "DELETE" });
  });

  await t.step("a Content-Length that is none is refused, and bytes beyond it are never a body", async () => {
    const head = (key: string, length: string) =>
      `PUT /v1/files/demo/${key} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
    for (const length of ["-1", "+1", "1e3", "0x10", "1 1", "", "9".repeat(30)]) {
      const statuses = await raw(gateway, `${head("odd", length)}${"x".repeat(100)}`);
      assert.ok(statuses.every((status) => status >= 400 && status < 500), `${length}: ${statuses}`);
    }
    assert.equal((await answerOf(`${files}/odd`)).status, 404);
    // The rest is no request, which may be said before the file is stored.
    const [status = 0] = await raw(gateway, `${head("more", "3")}abcdef`);
    assert.ok(status === 201 || status === 400, String(status));
    const more = await fetch(`${files}/more`);
    if (more.status !== 404) assert.equal(await more.text(), "abc");
    await fetch(`${files}/more`, { method: "DELETE" });
  });

  await t.step("in the end nothing is left: no file, no intent, no chunk", async () => {
    const sql = await openDatabase(cluster.postgres.url, 1);
    try {
      await until("something is left", 60_000, async () => {
        const [row] = await sql`SELECT (SELECT count(*) FROM files) + (SELECT count(*) FROM intents) AS rows`;
        return Number(row?.["rows"]) === 0 && await stored() === 0;
      });
    } finally {
      await sql.end();
    }
  });
});
