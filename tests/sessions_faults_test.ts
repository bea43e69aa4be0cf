import assert from "node:assert/strict";
import { abandonExpiredSessions } from "../gateway/db/sessions.ts";
import { until } from "../scripts/programs.ts";
import { type Answer, bytesOf, call, cut, inParallel, MIB, open, sha256 } from "./sessions/client.ts";
import { SessionStage, SETTINGS } from "./sessions/stage.ts";

Deno.test("uploads in parts, with faults and races", async (t) => {
  await using stage = await SessionStage.open();
  const { a, b, cluster, sql, either, get, put, same, expire } = stage;

  await t.step("two senders of one part, two who complete: one wins, both get the same answer", async () => {
    const bytes = bytesOf(3 * MIB, 10);
    const path = await open(a, "twice");
    const both = await Promise.all([put(path, 0, bytes, a), put(path, 0, bytes, b)]);
    assert.deepEqual(both[0], both[1]);
    const others = await Promise.all([
      put(path, 3 * MIB, bytesOf(MIB, 1), a),
      put(path, 3 * MIB, bytesOf(MIB, 2), b),
    ]);
    assert.deepEqual(others.map(({ status }) => status).sort(), [200, 409]);
    assert.equal(others.find(({ status }) => status === 409)?.json.code, "already_exists");
    const done = await Promise.all([a, b, a, b].map((gateway) => call(`${gateway}${path}/complete`, "POST")));
    for (const answer of done) assert.deepEqual(answer, done[0]);
    assert.equal(done[0]?.status, 200);
    same((await get("twice")).bytes.subarray(0, bytes.length), bytes);
  });

  await t.step("client disconnects during an upload", async () => {
    const bytes = bytesOf(20 * MIB, 11);
    for (const size of [20_000, 11 * MIB]) {
      const path = await open(a, "cut", { size: bytes.length });
      const gone = new AbortController();
      let sent = 0;
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          controller.enqueue(bytes.subarray(sent, sent + Math.min(MIB, size)));
          sent += Math.min(MIB, size);
          if (sent < size) return;
          // What was sent is to have left this process.
          await new Promise((resolve) => setTimeout(resolve, 300));
          gone.abort();
        },
      }, { highWaterMark: 0 });
      await assert.rejects(fetch(`${a}${path}/parts/0`, { method: "PUT", body, signal: gone.signal }));
      let kept = 0;
      await until("nothing of the part is kept", 30_000, async () => {
        kept = (await call(`${b}${path}`, "GET")).json.received;
        return kept > 0;
      });
      assert.ok(kept <= size && kept >= size / 2, `${kept} of ${size}`);
      assert.equal((await put(path, kept, bytes.subarray(kept), b)).status, 200);
      assert.equal((await call(`${b}${path}/complete`, "POST")).status, 200);
      same((await get("cut")).bytes, bytes);
    }
  });

  await t.step("a gateway killed in the middle of a part: the other goes on", async () => {
    const third = await cluster.addGateway({ ...SETTINGS });
    const bytes = bytesOf(12 * MIB, 12);
    const path = await open(third, "killed");
    assert.equal((await put(path, 0, bytes.subarray(0, 2 * MIB), third)).status, 200);
    let sent = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (sent === 6 * MIB) {
          const process = cluster.gateways.pop();
          process?.kill("SIGKILL");
          await process?.status;
        }
        controller.enqueue(bytes.subarray(2 * MIB + sent, 2 * MIB + sent + MIB));
        sent += MIB;
      },
    }, { highWaterMark: 0 });
    await assert.rejects(fetch(`${third}${path}/parts/${2 * MIB}`, { method: "PUT", body }));
    assert.equal((await call(`${a}${path}`, "GET")).json.received, 2 * MIB);
    assert.equal((await put(path, 2 * MIB, bytes.subarray(2 * MIB))).status, 200);
    assert.equal((await call(`${a}${path}/complete`, "POST")).status, 200);
    same((await get("killed")).bytes, bytes);
  });

  await t.step("completed and aborted while a part is on its way: it is refused, and leaves nothing", async () => {
    const bytes = bytesOf(9 * MIB, 19);
    for (const [end, status] of [["complete", 400], ["abort", 404]] as const) {
      const path = await open(a, `ended-${end}`);
      assert.equal((await put(path, 0, bytes)).status, 200);
      let ending: Promise<Answer> | undefined;
      let sent = 0;
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        async pull(controller) {
          if (sent === bytes.length) return controller.close();
          if (sent === 5 * MIB) {
            ending = end === "abort" ? call(`${b}${path}`, "DELETE") : call(`${b}${path}/complete`, "POST");
            await ending;
          }
          controller.enqueue(bytes.subarray(sent, sent + MIB));
          sent += MIB;
        },
      }, { highWaterMark: 0 });
      const late = await put(path, bytes.length, body, a);
      // The part may be refused before the answer of what ended it is here.
      const ended = await ending;
      assert.deepEqual([ended?.status, late.status], [end === "abort" ? 204 : 200, status], JSON.stringify(late));
      const got = await get(`ended-${end}`);
      if (end === "abort") assert.equal(got.status, 404);
      else same(got.bytes, bytes);
    }
  });

  await t.step("cleanup removes expired sessions", async () => {
    const bytes = bytesOf(MIB, 14);
    const path = await open(a, "expired");
    await put(path, 0, bytes);
    await expire(path);
    assert.equal((await put(path, MIB, bytes)).status, 404);
    assert.equal((await call(`${a}${path}/complete`, "POST")).status, 404);
    assert.equal((await call(`${a}${path}`, "GET")).status, 404);
    const id = path.split("/").at(-1) ?? "";
    await until(
      "the session stays",
      10_000,
      async () =>
        (await sql`SELECT FROM upload_sessions WHERE id = ${id} UNION ALL SELECT FROM part_chunks WHERE upload_id = ${id}`)
          .length === 0,
    );
    assert.equal((await get("expired")).status, 404);
  });

  await t.step("cleanup preserves active sessions", async () => {
    const short = await cluster.addGateway({ ...SETTINGS, SIXFOLD_SESSION_TTL: "3" });
    const bytes = bytesOf(3 * MIB, 15);
    const path = await open(short, "active");
    let sent = 0;
    // A part that takes longer than a session lives without one.
    const slow = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (sent === bytes.length) return controller.close();
        await new Promise((resolve) => setTimeout(resolve, 500));
        controller.enqueue(bytes.subarray(sent, sent + MIB / 4));
        sent += MIB / 4;
      },
    }, { highWaterMark: 0 });
    assert.equal((await put(path, 0, slow, short)).status, 200);
    const idle = await open(a, "idle");
    await put(idle, 0, bytes);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    assert.equal((await put(path, bytes.length, "end", short)).status, 200);
    assert.equal((await call(`${short}${path}/complete`, "POST")).status, 200);
    assert.equal((await call(`${a}${idle}/complete`, "POST")).status, 200);
    for (const key of ["active", "idle"]) same((await get(key)).bytes.subarray(0, bytes.length), bytes);
  });

  await t.step(
    "complete and the last part racing with expiry: all of the file or none, never one without chunks",
    async () => {
      const bytes = bytesOf(200_000, 16);
      const outcomes = new Set<number>();
      for (let round = 0; round < 24; round++) {
        const key = `race-${round}`;
        const path = await open(a, key);
        await put(path, 0, bytes);
        const sweep = async () => {
          await new Promise((resolve) => setTimeout(resolve, (round % 8) * 2));
          await expire(path);
          await abandonExpiredSessions(sql, 10);
        };
        const [part, done] = await Promise.all([
          put(path, bytes.length, bytes, b),
          call(`${a}${path}/complete`, "POST"),
          sweep(),
        ]);
        assert.ok([200, 404, 400].includes(part.status), JSON.stringify(part));
        assert.ok([200, 404].includes(done.status), JSON.stringify(done));
        outcomes.add(done.status);
        const got = await get(key);
        assert.equal(got.status, done.status);
        if (done.status !== 200) continue;
        assert.equal(got.bytes.length, done.json.size);
        same(got.bytes.subarray(0, bytes.length), bytes);
      }
      assert.equal(outcomes.size, 2, "one side always won: the race was none");
    },
  );

  await t.step("answers of PostgreSQL that are lost: no part and no file is guessed", async () => {
    const bytes = bytesOf(6 * MIB, 17);
    const stop = new AbortController();
    const cutting = (async () => {
      while (!stop.signal.aborted) {
        await sql`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'sixfold-gateway' AND pid <> pg_backend_pid()`;
        await new Promise((resolve) => setTimeout(resolve, 15 + Math.random() * 60));
      }
    })();
    const persist = async (work: () => Promise<{ status: number; json: { id: string } }>) => {
      for (let i = 0; i < 200; i++) {
        const answer = await work();
        if (answer.status < 500 && answer.status !== 409) return answer;
      }
      throw new Error("no answer in 200 tries");
    };
    try {
      for (let round = 0; round < 2; round++) {
        const form = JSON.stringify({ bucket: "demo", key: `lost-${round}` });
        const { json } = await persist(() => call(`${either()}/v1/uploads`, "POST", form));
        const path = `/v1/uploads/${json.id}`;
        await inParallel(cut(bytes.length, 6), 3, async ({ offset, length }) => {
          const { status } = await persist(() => put(path, offset, bytes.subarray(offset, offset + length)));
          assert.equal(status, 200);
        });
        assert.equal((await persist(() => call(`${either()}${path}/complete`, "POST"))).status, 200);
      }
    } finally {
      stop.abort();
      await cutting;
    }
    for (let round = 0; round < 2; round++) {
      const { status, bytes: got } = await get(`lost-${round}`);
      assert.equal(status, 200);
      same(got, bytes);
    }
  });

  await t.step("a server killed in the middle of a part: it goes on in a segment of its own", async () => {
    const bytes = bytesOf(40 * MIB, 18);
    const path = await open(a, "rolled", { sha256: sha256(bytes) });
    let sent = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (sent === bytes.length) return controller.close();
        if (sent === 20 * MIB) {
          cluster.daemons[0]?.process.kill("SIGKILL");
          await cluster.daemons[0]?.process.status;
        }
        controller.enqueue(bytes.subarray(sent, sent + MIB));
        sent += MIB;
      },
    }, { highWaterMark: 0 });
    const { status, json } = await put(path, 0, body, a);
    assert.deepEqual([status, json.length, json.sha256], [200, bytes.length, sha256(bytes)]);
    assert.ok((await call(`${b}${path}`, "GET")).json.parts.length > 1);
    assert.equal((await put(path, 0, bytes, b)).status, 200);
    assert.equal((await call(`${b}${path}/complete`, "POST")).json.sha256, sha256(bytes));
    same((await get("rolled")).bytes, bytes);
    await cluster.restartDaemon(cluster.daemons[0]);
    for (const gateway of [a, b]) await cluster.seen(gateway);
  });

  await t.step("at the end, the disks hold what PostgreSQL names and nothing else", () => stage.atRest());
});
