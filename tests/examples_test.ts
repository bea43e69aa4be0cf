import assert from "node:assert/strict";
import { ROOT } from "../scripts/programs.ts";
import { browser, openPage } from "../scripts/browser.ts";
import { bundle } from "../scripts/bundle.ts";
import { TestCluster, TOKEN } from "./cluster.ts";
import { bytesOf, MIB, sha256 } from "./sessions/client.ts";
import { when } from "./when.ts";

const EXAMPLES = `${ROOT}client/examples/`;

const hasGo = await new Deno.Command("go", { args: ["version"], stdout: "null" }).output().then(
  ({ success }) => success,
  () => false,
);

const run = (command: string, ...args: string[]) => runIn(ROOT, command, ...args);

async function runIn(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const text = new TextDecoder();
  assert.ok(success, `${command} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

Deno.test("the examples", async (t) => {
  await using cluster = await TestCluster.start(3);
  const [first, second] = [await cluster.addGateway(), await cluster.addGateway()];
  const folder = await Deno.makeTempDir({ prefix: "sixfold examples-" });
  try {
    await t.step("plain fetch", async () => {
      const said = await run("node", `${EXAMPLES}fetch.mjs`, first);
      assert.equal(said, "201 true\n206 ell true\nfetch/hello.txt 5\nnot_found\n");
    });

    await t.step({
      ...when(hasGo, "it needs Go", "connect-go with a gateway, and gRPC with a daemon, from the proto alone"),
      async fn() {
        const copy = `${folder}/go`;
        await run("cp", "-r", `${EXAMPLES}go`, copy);
        const buf = `${ROOT}node_modules/.bin/buf`;
        await runIn(copy, buf, "generate", `${ROOT}proto`, "--template", "buf.gen.yaml");
        const said = await runIn(copy, "go", "run", ".", first, `http://${cluster.daemons[0]?.grpc}`, TOKEN);
        const [gateway, daemon] = [
          "go/film 3000000\nthe same: true <nil>\nnot_found\n",
          "the same: true <nil>\nremoved: true\n",
        ];
        assert.equal(said, `${gateway}durable: 3000000 true\n${daemon}`);
      },
    });

    await t.step("Connect from Node", async () => {
      await Deno.writeTextFile(`${folder}/connect.mjs`, await bundle("client/examples/connect.ts", "node"));
      assert.equal(await run("node", `${folder}/connect.mjs`, first), "connect/film 2000000\n2000000\n5\n");
    });

    await t.step("curl goes on after a cut through the other gateway", async () => {
      await Deno.writeFile(`${folder}/film`, bytesOf(6 * MIB + 1));
      assert.equal(
        await run("bash", `${EXAMPLES}resume.sh`, `${folder}/film`, first, second),
        "the same 6291457 bytes\n",
      );
    });

    await t.step({
      ...when(browser !== undefined, "it needs Chromium", "gRPC-Web in a page"),
      async fn() {
        const { page, problems, close } = await openPage(
          first,
          await bundle("client/examples/grpc_web_page.ts", "browser"),
        );
        try {
          const length = 9 * MIB;
          const size = await page.evaluate(
            (length) => Reflect.get(globalThis, "send")(new Blob([new Uint8Array(length).fill(3)]), "page"),
            length,
          );
          assert.equal(size, length);
          const stored = await (await fetch(`${second}/v1/files/examples/page`)).bytes();
          assert.equal(sha256(stored), sha256(new Uint8Array(length).fill(3)));
          assert.deepEqual(problems, []);
        } finally {
          await close();
        }
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
