import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { openDatabase } from "../gateway/db/database.ts";
import { migrate, readMigrations } from "../gateway/db/migrate.ts";
import { SmallFiles } from "../gateway/db/small_files.ts";
import { type Postgres, startPostgres } from "../scripts/embedded_postgres.ts";
import { freePort, until } from "../scripts/programs.ts";
import { newUuid } from "../shared/chunk_id.ts";
import { SixfoldError } from "../shared/errors.ts";
import { PostgresServer } from "../shared/postgres_server.ts";
import { seconds } from "./cluster.ts";

async function codeOf(work: PromiseLike<unknown>): Promise<string> {
  return await work.then(() => "fine", (error) => SixfoldError.from(error).code);
}

/** A server that can be ended and started again. */
class Server implements AsyncDisposable {
  private constructor(readonly folder: string, readonly port: number, public running: Postgres) {}

  static async start(): Promise<Server> {
    const folder = await Deno.makeTempDir({ prefix: "sixfold postgres-" });
    await Deno.chmod(folder, 0o755);
    const port = await freePort();
    return new Server(folder, port, await startPostgres(folder, port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("the way to PostgreSQL", async (t) => {
  await using first = await Server.start();
  await using second = await Server.start();
  const { url } = first.running;
  const sql = await openDatabase(url, 4);

  await t.step("a session that is killed inside a transaction ends it, and nothing of it happens", async () => {
    await sql`CREATE TABLE things (id int PRIMARY KEY, n int NOT NULL)`;
    for (const victim of ["in a statement", "between statements"]) {
      let ran = 0;
      const work = sql.begin(async (tx) => {
        ran++;
        const [session] = await tx<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await tx`INSERT INTO things VALUES (1, 1)`;
        const killed = sql`SELECT pg_terminate_backend(${session?.pid ?? 0})`;
        if (victim === "between statements") {
          await killed;
          await new Promise((resolve) => setTimeout(resolve, 100));
          await tx`INSERT INTO things VALUES (2, 2)`.catch(() => {});
          await tx`INSERT INTO things VALUES (3, 3)`;
        } else await Promise.all([killed, tx`SELECT pg_sleep(5)`]);
      });
      assert.equal(await codeOf(work), "unavailable", victim);
      assert.equal(ran, 1);
      assert.deepEqual([...await sql`SELECT * FROM things`], []);
    }
  });

  await t.step(
    "a connection that ended while it lay idle is noticed by nobody, and no write is sent twice",
    async () => {
      const one = await openDatabase(url, 1);
      const session = async () => (await one<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`)[0]?.pid ?? 0;
      // This thread sleeps until the session is over, and so has not heard of it.
      const endUnseen = (pid: number) => {
        Deno.kill(pid, "SIGTERM");
        while (existsSync(`/proc/${pid}`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      };
      try {
        const read = await session();
        endUnseen(read);
        const began = await session();
        assert.notEqual(began, read);
        endUnseen(began);
        await one.begin((tx) => tx`INSERT INTO things VALUES (8, 8)`);
        const write = await session();
        endUnseen(write);
        assert.equal(await codeOf(one`INSERT INTO things VALUES (9, 9)`), "unavailable");
        assert.deepEqual([...await sql`DELETE FROM things RETURNING id`], [{ id: 8 }]);
      } finally {
        await one.end();
      }
    },
  );

  await t.step("deadlocks and serialization failures are tried again", async () => {
    await sql`INSERT INTO things VALUES (1, 0), (2, 0)`;
    const add = (ids: number[], level: string) =>
      sql.begin(async (tx) => {
        await tx.unsafe(`SET TRANSACTION ISOLATION LEVEL ${level}`);
        for (const id of ids) {
          await tx`UPDATE things SET n = n + 1 WHERE id = ${id}`;
          await tx`SELECT pg_sleep(0.1)`;
        }
      });
    await Promise.all([add([1, 2], "READ COMMITTED"), add([2, 1], "READ COMMITTED")]);
    await Promise.all([add([1], "SERIALIZABLE"), add([1], "SERIALIZABLE"), add([1], "SERIALIZABLE")]);
    assert.deepEqual([...await sql`SELECT n FROM things ORDER BY id`].map(({ n }) => n), [5, 2]);
  });

  await t.step("what PostgreSQL says has a code of the table", async () => {
    const readOnly = sql.begin(async (tx) => {
      await tx`SET TRANSACTION READ ONLY`;
      await tx`DELETE FROM things`;
    });
    assert.equal(await codeOf(readOnly), "unavailable");
    assert.equal(await codeOf(sql`INSERT INTO things VALUES (1, 1)`), "already_exists");
    const slow = sql.begin(async (tx) => {
      await tx`SET LOCAL statement_timeout = 100`;
      await tx`SELECT pg_sleep(5)`;
    });
    assert.equal(await codeOf(slow), "deadline_exceeded");
    assert.equal(await codeOf(sql`SELECT 1/0`), "internal");
  });

  await t.step("arrays, sizes and bytes come back as they were", async () => {
    const [row] = await sql`
      SELECT ${[1, 2]}::int[] AS ints, ${["a", '"'] as string[]}::text[] AS texts, ${2 ** 40}::bigint AS size,
             ${new Uint8Array([0, 255])}::bytea AS bytes, ${sql`now() - now()`} = interval '0' AS same`;
    const bytes = new Uint8Array([0, 255]);
    assert.deepEqual({ ...row }, { ints: [1, 2], texts: ["a", '"'], size: 2 ** 40, bytes, same: true });
  });

  await t.step("small files that come at once are stored together, and none pays for another one", async () => {
    await migrate(sql, await readMigrations(new URL("../migrations/", import.meta.url)));
    const small = new SmallFiles(sql);
    const fileOf = (key: string, contentType = "text/plain") => {
      const inline = new TextEncoder().encode(`the bytes of ${key}`);
      return {
        id: newUuid(),
        bucket: "demo",
        key: new TextEncoder().encode(key),
        size: inline.length,
        contentType,
        metadata: { said: '"{a,b}\\' },
        sha256: new Uint8Array(32).fill(7),
        treeSha256: null,
        inline,
      };
    };
    const many = Array.from({ length: 40 }, (_, i) => fileOf(`many, "${i}"`));
    const dates = await Promise.all(many.map((file) => small.insert(file)));
    assert.ok(dates.every((date) => date instanceof Date));
    for (const { id, createdAt: _, ...file } of many.map((file, i) => ({ ...file, createdAt: dates[i] }))) {
      const [row] = await sql`
        SELECT bucket, key, size, content_type AS "contentType", metadata, sha256, tree_sha256 AS "treeSha256", inline
        FROM files JOIN outcomes ON upload_id = id AND committed WHERE id = ${id}`;
      assert.deepEqual(row, file);
    }
    const [one, other] = await Promise.all([fileOf("one"), fileOf("one")].map((file) => small.insert(file)));
    assert.deepEqual([one, other].map((date) => date instanceof Date).sort(), [false, true]);

    // Others come while a key is locked, or what one of them says cannot be stored.
    let release = () => {};
    const held = new Promise<void>((resolve) => release = resolve);
    // More than there may be rounds.
    const locked = [fileOf("locked 1"), fileOf("locked 2")];
    const holder = sql.begin(async (tx) => {
      for (const { key } of locked) {
        await tx`
          INSERT INTO files (id, bucket, key, size, content_type) VALUES (${newUuid()}, 'demo', ${key}, 0, 'text/plain')`;
      }
      await held;
      throw new Error("no file after all");
    });
    await until("the key is not locked", 10_000, async () => {
      const [row] = await sql`SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE c.relname = 'files' AND l.mode = 'RowExclusiveLock'`;
      return row !== undefined;
    });
    let waiting = locked.length;
    const last = locked.map((file) => small.insert(file).finally(() => waiting--));
    const wrong = small.insert(fileOf("wrong", "text/\0")).then(() => "stored", (error) => error.code);
    const others = await Promise.all(Array.from({ length: 20 }, (_, i) => small.insert(fileOf(`beside ${i}`))));
    assert.equal(waiting, 2);
    assert.ok(others.every((date) => date instanceof Date));
    assert.equal(await wrong, "22021");
    release();
    await assert.rejects(holder, /no file after all/);
    assert.ok((await Promise.all(last)).every((date) => date instanceof Date));
  });

  await t.step("who finds all connections taken waits for a moment, and the line has an end", async () => {
    const slow = Array.from({ length: 4 }, () => sql`SELECT pg_sleep(4)`.then(() => {}));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const took: number[] = [];
    const codes = await Promise.all(Array.from({ length: 200 }, async () => {
      let code = "";
      took.push(await seconds(async () => code = await codeOf(sql`SELECT 1`)));
      return code;
    }));
    assert.deepEqual([...new Set(codes)], ["unavailable"]);
    // Who comes when the line is full is refused at once, before those in line have waited enough.
    assert.ok(took.filter((time) => time < 1.5).length >= 100, `${took.toSorted((a, b) => a - b)} s`);
    await Promise.all(slow);
    assert.equal(await codeOf(sql`SELECT 1`), "fine");
  });

  await t.step("a notification is heard, also after the listener's session was killed", async () => {
    let heard = 0;
    const { unlisten } = await sql.listen("sixfold_test", () => heard++);
    const next = async () => {
      const before = heard;
      await sql`SELECT pg_notify('sixfold_test', '')`;
      await until("nothing was heard", 20_000, () => Promise.resolve(heard > before));
    };
    await until("it does not listen", 20_000, () => Promise.resolve(heard > 0));
    await next();
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`;
    await until("it does not listen again", 20_000, () => Promise.resolve(heard > 2));
    await next();
    await unlisten();
  });

  await t.step("of several hosts the one is used that takes writes, whichever is down", async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const hosts = (...list: string[]) => url.replace(/@[^/]+/, `@${list.join(",")}`);
    const [a, b] = [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`];
    // The second server knows the first one's password, as a standby would.
    const password = new URL(url).password;
    const there = await openDatabase(second.running.url, 1);
    await there.unsafe(`ALTER ROLE postgres PASSWORD '${password}'`);
    const portOf = async (list: string[]) => {
      const both = await openDatabase(hosts(...list), 2);
      const [row] = await both`SELECT inet_server_port() AS port`;
      await both.end();
      return row?.["port"];
    };
    assert.equal(await portOf([nobody, a]), first.port);
    assert.equal(await portOf([b, a]), second.port);
    const both = await openDatabase(hosts(b, a), 2);
    await there`ALTER SYSTEM SET default_transaction_read_only = on`;
    await there`SELECT pg_reload_conf()`;
    await until("it does not become a standby", 20_000, async () => await codeOf(both`CREATE TABLE x ()`) === "fine");
    assert.equal(await portOf([b, nobody, a]), first.port);
    await both.end();
    await there.end();
    const down = new PostgresServer(hosts(nobody, nobody), { application: "test", statementMs: 1000 });
    assert.ok(await seconds(async () => assert.equal(await codeOf(down.connect()), "unavailable")) < 5);
  });

  await t.step("while PostgreSQL is down every call ends at once, and afterwards goes on at once", async () => {
    await first.running.stop();
    assert.ok(await seconds(async () => assert.equal(await codeOf(sql`SELECT 1`), "unavailable")) < 5);
    first.running = await startPostgres(first.folder, first.port);
    await until("it does not go on", 20_000, async () => await codeOf(sql`SELECT 1`) === "fine");
  });

  await sql.end();
  assert.equal(await codeOf(sql`SELECT 1`), "unavailable");
});
