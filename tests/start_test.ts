import assert from "node:assert/strict";
import { fromFileUrl } from "../scripts/paths.ts";

/** `npm start` as a process: its lines, and the address in its last one. */
async function start(folder: string): Promise<{ process: Deno.ChildProcess; address: string }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", fromFileUrl(new URL("../scripts/start.ts", import.meta.url))],
    // As users run it: without the runner that counts a daemon's lines.
    env: { SIXFOLD_DATA_DIR: folder, SIXFOLD_PORT: "0", SIXFOLD_COVERAGE_DIR: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    text += step.value;
    const address = /^Sixfold is ready at (http:\/\/127\.0\.0\.1:\d+)\n$/m.exec(text)?.[1];
    if (address === undefined) continue;
    await reader.cancel();
    return { process, address };
  }
  throw new Error(`npm start ended before it was ready: ${text}`);
}

/** The process and all that it has started. */
async function family(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-e", "-o", "pid=,ppid="] }).output();
  const pairs = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) found.push(...pairs.filter(([, ppid]) => ppid === parent).map(([child = 0]) => child));
  return found;
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

Deno.test("npm start: kill -9 of everything loses nothing, SIGTERM leaves nothing running", async () => {
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
    const killed = await family(first.process.pid);
    assert.ok(killed.length >= 9, `${killed.length} processes`);
    for (const pid of killed) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    await first.process.status;

    const second = await start(folder);
    running = second.process;
    const small = await (await fetch(`${second.address}/v1/files/demo/small`)).bytes();
    assert.deepEqual(small, bytes.slice(0, 100));
    const back = await (await fetch(`${second.address}/v1/files/demo/large`)).bytes();
    assert.ok(Buffer.from(await large.arrayBuffer()).equals(back));
    const all = await family(second.process.pid);
    second.process.kill("SIGTERM");
    assert.equal((await second.process.status).code, 0);
    assert.deepEqual(all.filter(isAlive), []);
    running = undefined;
  } finally {
    for (const pid of running ? await family(running.pid) : []) if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    await Deno.remove(folder, { recursive: true });
  }
});
