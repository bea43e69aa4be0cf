import assert from "node:assert/strict";
import { SmallDisk } from "../scripts/faults/small_disk.ts";
import { runTool } from "../scripts/faults/run_tool.ts";
import { freePort, launchGateway, ROOT, until } from "../scripts/programs.ts";
import { commandIn } from "./clients/command.ts";
import { pattern } from "./clients/sdk_suite.ts";
import { TestCluster, TOKEN } from "./cluster.ts";
import { when } from "./when.ts";

const MIB = 1024 * 1024;

/** A gateway that is as another one, with a clock that is ahead by so many ms. */
function withClockAhead(gateway: string, ms: number) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ method, headers, url, body }) => {
    const answer = await fetch(gateway + new URL(url).pathname, { method, headers, body });
    const date = new Date(Date.now() + ms).toUTCString();
    return new Response(answer.body, {
      status: answer.status,
      headers: { ...Object.fromEntries(answer.headers), date },
    });
  });
}

Deno.test("wrong use is answered with a sentence that says what to do", async (t) => {
  await using cluster = await TestCluster.start(3);
  const gateway = await cluster.addGateway();
  const folder = await Deno.makeTempDir({ prefix: "sixfold cli-" });
  const { start, run, ok } = commandIn(folder, gateway);
  const fails = async (code: number, sentence: RegExp, ...args: string[]) => {
    const { code: ended, err } = await run(...args);
    assert.equal(ended, code, `${args.join(" ")}: ${err}`);
    assert.match(err, sentence);
  };
  const root = (name: string) => when(Deno.build.os === "linux" && Deno.uid() === 0, "it takes root on Linux", name);
  try {
    await Deno.writeTextFile(`${folder}/a.txt`, "hello");
    await Deno.writeFile(`${folder}/big.bin`, pattern(12 * MIB));
    await ok("put", "big.bin", "demo/dir/");

    await t.step("arguments and names", async () => {
      await fails(2, /names no file; write BUCKET\/KEY/, "get", "demo");
      await fails(2, /missing required argument.*\n.*--help tells more/, "put");
      await fails(2, /Did you mean drain/, "drian");
      await fails(2, /one of the two/, "sync", "a", "b");
      await fails(2, /is no file; name files, or copy a folder/, "put", ".", "demo/x");
      await fails(2, /a bucket has/, "put", "a.txt", "b d/x");
      await fails(3, /there is no none.txt/, "put", "none.txt", "demo/");
    });

    await t.step("no gateway", async () => {
      await fails(
        7,
        /127.0.0.1:1 cannot be reached.*see that a gateway runs there/,
        "ls",
        "demo",
        "-g",
        "http://127.0.0.1:1",
      );
      await fails(2, /gateway/, "ls", "demo", "-g", "localhost:8080");
    });

    await t.step("a bucket that is not there", async () => {
      await fails(3, /look at the bucket's name/, "ls", "dmeo");
      await fails(3, /look at the bucket's name/, "rm", "-r", "dmeo/dir");
      await fails(3, /look at the bucket's name/, "cp", "-r", "sf://dmeo/dir", "sf://demo/other");
      await Deno.mkdir(`${folder}/kept`);
      await Deno.writeTextFile(`${folder}/kept/a.txt`, "hello");
      await fails(3, /look at the bucket's name/, "sync", "--delete", "sf://dmeo/dir", "kept");
      assert.equal(await Deno.readTextFile(`${folder}/kept/a.txt`), "hello");
      await fails(3, /there is no file under this bucket and key/, "get", "dmeo/dir/big.bin");
    });

    await t.step("a key that is a folder on this disk", async () => {
      await Deno.mkdir(`${folder}/here/big.bin`, { recursive: true });
      await fails(4, /is a folder, and "big.bin" is a file; choose another name/, "get", "demo/dir/big.bin", "here");
    });

    await t.step("a clock that is wrong", async () => {
      await using server = withClockAhead(gateway, 3_600_000);
      const address = `http://127.0.0.1:${server.addr.port}`;
      const { code, out, err } = await run("doctor", "-g", address);
      assert.equal(code, 7, err);
      assert.match(out, /its clock is 3\d{3} s ahead of this machine's; set the wrong one/);
    });

    await t.step("a certificate that is not trusted", async () => {
      const port = await freePort();
      cluster.gateways.push(launchGateway({
        DATABASE_URL: cluster.postgres.url,
        SIXFOLD_CLUSTER_TOKEN: TOKEN,
        SIXFOLD_PORT: String(port),
        SIXFOLD_TLS_CERT_FILE: `${ROOT}gateway/testdata/first.crt`,
        SIXFOLD_TLS_KEY_FILE: `${ROOT}gateway/testdata/first.key`,
        SIXFOLD_LOG: "warn",
      }));
      const listens = () => Deno.connect({ port }).then((to) => (to.close(), true), () => false);
      await until("the gateway does not listen", 30_000, listens);
      const address = `https://127.0.0.1:${port}`;
      await fails(4, /certificate of .* is not trusted.*have the system trust its issuer/, "ls", "demo", "-g", address);
    });

    await t.step({
      ...root("no space here"),
      async fn() {
        await using disk = await SmallDisk.make(`${folder}/small`, 4);
        await fails(6, /no space left here for .*small\/big.bin; free some/, "get", "demo/dir/big.bin", "small");
        assert.deepEqual(await Array.fromAsync(Deno.readDir(disk.folder)), []);
      },
    });

    await t.step({
      ...root("a target that is read-only"),
      async fn() {
        await using disk = await SmallDisk.make(`${folder}/fixed`, 32);
        await runTool("mount", "-o", "remount,ro", disk.folder);
        await fails(5, /fixed\/big.bin cannot be written/, "get", "demo/dir/big.bin", "fixed");
      },
    });

    await t.step("an upload that is stopped by Ctrl-C says how to go on, and goes on", async () => {
      await Deno.writeFile(`${folder}/film`, pattern(160 * MIB));
      const stopped = start("put", "film", "demo/film").spawn();
      const state = `${folder}/state/sixfold/uploads`;
      await until("nothing is sent", 30_000, async () => {
        const [entry] = await Array.fromAsync(Deno.readDir(state)).catch(() => []);
        if (entry === undefined) return false;
        const id = await Deno.readTextFile(`${state}/${entry.name}`);
        return (await (await fetch(`${gateway}/v1/uploads/${id}`)).json()).received > 8 * MIB;
      });
      stopped.kill("SIGINT");
      const { code, stderr } = await stopped.output();
      assert.equal(code, 130);
      const said = new TextDecoder().decode(stderr);
      assert.match(said, /MiB are stored for an hour; the same command goes on from there/);
      await ok("put", "film", "demo/film");
    });

    await t.step("no space there", async () => {
      for (const daemon of cluster.daemons.slice()) {
        daemon.process.kill("SIGTERM");
        await daemon.process.status;
        await cluster.restartDaemon(daemon, { SIXFOLD_RESERVE: "1000T" });
      }
      await until("some take chunks", 30_000, async () => !/ active /.test(await ok("servers")));
      await fails(6, /space/, "put", "big.bin", "demo/more");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
