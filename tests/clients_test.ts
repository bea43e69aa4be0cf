import assert from "node:assert/strict";
import { browser, openPage } from "../scripts/browser.ts";
import { bundle } from "../scripts/bundle.ts";
import { TestCluster } from "./cluster.ts";
import { when } from "./when.ts";

async function put(url: string, length: number): Promise<string> {
  const bytes = new Uint8Array(length).map((_, i) => i * 7);
  const response = await fetch(url, { method: "PUT", body: bytes });
  await response.body?.cancel();
  assert.equal(response.status, 201);
  return `${length} ${bytes.reduce((sum, byte) => (sum + byte) % 65_521, 0)}`;
}

Deno.test("clients of others", async (t) => {
  await using cluster = await TestCluster.start(3);
  const address = await cluster.addGateway();

  await t.step("Connect's Node client uploads, lists, reads and deletes, with both protocols", async () => {
    const script = await Deno.makeTempFile({ suffix: ".mjs" });
    try {
      await Deno.writeTextFile(script, await bundle("tests/clients/node.ts", "node"));
      const { success, stdout, stderr } = await new Deno.Command("node", { args: [script, address] }).output();
      const text = new TextDecoder();
      assert.ok(success, text.decode(stderr));
      const sum = Array.from({ length: 20 }, (_, i) => i * 50_000).reduce((a, b) => a + b, 0) % 65_521;
      const one = `streamed 1000000 ${sum}\nstreamed gone\nleft 0\n`;
      assert.equal(text.decode(stdout), one + one);
    } finally {
      await Deno.remove(script);
    }
  });

  await t.step({
    ...when(
      browser !== undefined,
      "it needs Chromium",
      "Connect's web client lists, reads and deletes in Chromium, with both protocols",
    ),
    async fn() {
      const script = await bundle("tests/clients/browser.ts", "browser");
      const { page, problems, close } = await openPage(address, script);
      try {
        for (const [bucket, run] of [["browser-connect", "runConnect"], ["browser-grpc-web", "runGrpcWeb"]] as const) {
          const small = await put(`${address}/v1/files/${bucket}/a%20small`, 10);
          const large = await put(`${address}/v1/files/${bucket}/large`, 3_000_000);
          const seen = await page.evaluate((name) => Reflect.get(globalThis, name)(), run);
          const expected = ["a small", "large"].flatMap((key, i) => [`${key} ${[small, large][i]}`, `${key} gone`]);
          assert.equal(seen, [...expected, "left 0"].join("\n"));
        }
        // A file that is not there is an error of HTTP in Connect's protocol, which the browser remarks on.
        assert.deepEqual(problems.filter((text) => !text.includes("404")), []);
      } finally {
        await close();
      }
    },
  });
});
