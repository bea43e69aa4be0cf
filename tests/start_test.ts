import assert from "node:assert/strict";
import { openDatabase } from "../gateway/db/database.ts";
import { digestOf, makeBody } from "../scripts/bodies.ts";
import { LocalCluster } from "../scripts/local_cluster.ts";
import { familyOf } from "../scripts/process_family.ts";
import { ROOT, until } from "../scripts/programs.ts";
import { readyAddress } from "../scripts/ready_address.ts";
import { backupProgram } from "./backup_program.ts";

function command(settings: Record<string, string>, stderr: "inherit" | "piped"): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${ROOT}scripts/start.ts`],
    // As users run it: in a process group of its own, and without the runner that counts a daemon's lines.
    env: { SIXFOLD_PORT: "0", SIXFOLD_COVERAGE_DIR: "", ...settings },
    detached: true,
    stdin: "null",
    stdout: "piped",
    stderr,
  });
}

/** `npm start` as a process: its lines, and the address in its last one. */
async function start(
  folder: string,
  settings: Record<string, string> = {},
): Promise<{ process: Deno.ChildProcess; address: string }> {
  const process = command({ SIXFOLD_DATA_DIR: folder, ...settings }, "inherit").spawn();
  return { process, address: await readyAddress(process.stdout) };
}

/** Where processes listen, as the kernel writes addresses; nothing where it keeps no such table. */
async function listening(pids: readonly number[]): Promise<string[]> {
  const own = new Set<string>();
  for (const pid of pids) {
    for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
      own.add(await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => ""));
    }
  }
  const tables = await Promise.all(
    ["tcp", "tcp6", "udp", "udp6"].map((name) => Deno.readTextFile(`/proc/net/${name}`)),
  );
  const rows = tables.flatMap((text) => text.trim().split("\n").slice(1)).map((row) => row.trim().split(/\s+/));
  return rows.filter(([, , to = "", , , , , , , inode]) => /:0000$/.test(to) && own.has(`socket:[${inode}]`))
    .map(([, address = ""]) => address);
}

/** Those of some processes that are daemons. */
async function thoseOf(program: string, pids: readonly number[]): Promise<number[]> {
  const lines = await Promise.all(pids.map((pid) => Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")));
  return pids.filter((_, i) => lines[i]?.includes(`${program}/main.ts`));
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

Deno.test("npm start: kill -9 of everything loses nothing; Ctrl-C lets a running upload finish and leaves nothing running", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sixfold start-" });
  await Deno.chmod(folder, 0o755);
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Blob(Array.from({ length: 100 }, () => bytes));
  let running: Deno.ChildProcess | undefined;
  try {
    const first = await start(folder);
    running = first.process;
    for (const [name, body] of Object.entries({ small: bytes.slice(0, 100), large })) {
      const response = await fetch(`${first.address}/v1/files/demo/${name}`, { method: "PUT", body });
      await response.body?.cancel();
      assert.equal(response.status, 201);
    }
    const killed = await familyOf(first.process.pid);
    assert.ok(killed.length >= 9, `${killed.length} processes`);
    for (const pid of killed) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    await first.process.status;

    const second = await start(folder);
    running = second.process;
    const small = await (await fetch(`${second.address}/v1/files/demo/small`)).bytes();
    assert.deepEqual(small, bytes.slice(0, 100));
    const back = await (await fetch(`${second.address}/v1/files/demo/large`)).bytes();
    assert.ok(Buffer.from(await large.arrayBuffer()).equals(back));
    let all = await familyOf(second.process.pid);
    if (Deno.build.os === "linux") {
      const doors = await listening(all);
      // The gateway, PostgreSQL, two of each daemon, and what keeps a range of ports: on 127.0.0.1, and nowhere else.
      assert.ok(doors.length >= 14, doors.join());
      assert.deepEqual(doors.filter((address) => !address.startsWith("0100007F:")), []);
    }
    // One that is killed is missed by nobody, and comes back.
    const daemons = await thoseOf("node-daemon", all);
    const gateway = (await thoseOf("gateway", all))[0] ?? 0;
    assert.equal(daemons.length, 6);
    Deno.kill(daemons[0] ?? 0, "SIGKILL");
    const again = await (await fetch(`${second.address}/v1/files/demo/large`)).bytes();
    assert.ok(Buffer.from(await large.arrayBuffer()).equals(again));
    Deno.kill(gateway, "SIGKILL");
    await until("the daemon and the gateway do not come back", 30_000, async () => {
      all = await familyOf(second.process.pid);
      const { servers } = await fetch(`${second.address}/readyz`).then((page) => page.json()).catch(() => ({}));
      return servers === 6 && (await thoseOf("node-daemon", all)).length === 6 && !all.includes(gateway);
    });
    // Ctrl-C: the terminal tells the whole group, in the middle of an upload.
    let told = false;
    const body = makeBody(32 * 1024 * 1024, async (sent) => {
      if (told || sent < 16 * 1024 * 1024) return;
      told = true;
      Deno.kill(-second.process.pid, "SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await assert.rejects(fetch(second.address));
    });
    const finished = await fetch(`${second.address}/v1/files/demo/late`, { method: "PUT", body: body.stream });
    await finished.body?.cancel();
    assert.equal(finished.status, 201);
    assert.equal((await second.process.status).code, 0);
    assert.deepEqual(all.filter(isAlive), []);
    const third = await start(folder);
    running = third.process;
    const late = await digestOf(await fetch(`${third.address}/v1/files/demo/late`));
    const sent = body.digest();
    assert.equal(late.sha256, sent);

    const refused = await command({ SIXFOLD_DATA_DIR: folder }, "piped").output();
    assert.match(new TextDecoder().decode(refused.stderr), /^another npm start, .* uses .*; stop it or /);
    assert.equal((await fetch(`${third.address}/v1/files/demo/small`, { method: "HEAD" })).status, 200);
    // Killed alone, it leaves the others running; the next one takes their place, and their port.
    const orphans = await familyOf(third.process.pid);
    third.process.kill("SIGKILL");
    await third.process.status;
    const fourth = await start(folder, { SIXFOLD_PORT: new URL(third.address).port });
    running = fourth.process;
    assert.deepEqual(orphans.filter(isAlive), []);
    assert.equal((await digestOf(await fetch(`${fourth.address}/v1/files/demo/late`))).sha256, sent);
    // Where PostgreSQL is gone nothing can go on: all the others end, and say so.
    const rest = await familyOf(fourth.process.pid);
    Deno.kill(Number((await Deno.readTextFile(`${folder}/postgres/data/postmaster.pid`)).split("\n")[0]), "SIGKILL");
    assert.equal((await fourth.process.status).code, 1);
    // Its own processes end by themselves, a moment later.
    await until("something runs on", 10_000, () => Promise.resolve(!rest.some(isAlive)));
    running = undefined;
  } finally {
    for (const pid of running ? await familyOf(running.pid) : []) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("npm start with DATABASE_URL uses and migrates that server, and says that a port is taken", async () => {
  await using cluster = await LocalCluster.open();
  const folder = `${cluster.folder}/start`;
  const { process, address } = await start(folder, { DATABASE_URL: cluster.postgres.url });
  try {
    const response = await fetch(`${address}/v1/files/demo/there`, { method: "PUT", body: "x" });
    await response.body?.cancel();
    assert.equal(response.status, 201);
    const sql = await openDatabase(cluster.postgres.url, 1);
    const rows = await sql`SELECT bucket FROM files`;
    await sql.end();
    assert.deepEqual([...rows], [{ bucket: "demo" }]);
    const made = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    const daemons = [1, 2, 3, 4, 5, 6].map((i) => `daemon-${i}`);
    assert.deepEqual(made, ["cluster-token", ...daemons, "lock", "processes"]);
    assert.equal(((await Deno.stat(`${folder}/cluster-token`)).mode ?? 0) & 0o777, 0o600);
    // Who backs up what an npm start has on its way would start the same PostgreSQL, and each end the other's.
    await Deno.mkdir(`${folder}/postgres/data`, { recursive: true });
    const refused = await backupProgram("backup", `${folder}/backup`, "", folder);
    assert.deepEqual([refused.code, refused.out], [1, ""]);
    assert.match(refused.err, /^another npm start, .* uses .*\n$/);
    const port = new URL(address).port;
    const second = await command({ SIXFOLD_DATA_DIR: `${cluster.folder}/second`, SIXFOLD_PORT: port }, "piped")
      .output();
    assert.equal(second.code, 1);
    const said = new TextDecoder().decode(second.stderr);
    assert.equal(said, `port ${port} is taken; choose another with SIXFOLD_PORT, or 0\n`);
    const nowhere = await command({ SIXFOLD_DATA_DIR: `${folder}/lock` }, "piped").output();
    assert.match(new TextDecoder().decode(nowhere.stderr), /^[^\n]*\/lock can be no data folder [^\n]*\n$/);
  } finally {
    process.kill("SIGTERM");
    assert.equal((await process.status).code, 0);
  }
});
